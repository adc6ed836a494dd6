# SPDX-License-Identifier: MIT
# akt_explored: the library's sources with a yield point before each atomic
# operation (atomics.h), and with locks, sleeps and clock that know the explorer
# (seams.c) in place of six of its files. See explorer.h.

set(akt_explored_sources ${AKT_SOURCES})
list(FILTER akt_explored_sources EXCLUDE REGEX
    "actors/(net/.*|base/(latch|thread|clock_.*)|sched/(loop|doorbell_.*|poller_.*))\\.c")
set(akt_explore_dir ${PROJECT_SOURCE_DIR}/tests/explore)
add_library(akt_explored STATIC ${akt_explored_sources}
    ${akt_explore_dir}/campaign.c
    ${akt_explore_dir}/chooser.c
    ${akt_explore_dir}/explorer.c
    ${akt_explore_dir}/seams.c
    ${akt_explore_dir}/world.c
)
set_source_files_properties(${akt_explore_dir}/campaign.c
    PROPERTIES COMPILE_DEFINITIONS _GNU_SOURCE)
akt_library(akt_explored)
# Workers wait awake where a scenario wants it (sleep_explore).
target_compile_definitions(akt_explored PUBLIC AKT_TESTING=1 AKT_EXPLORED=1
    AKTI_BUSY_WAIT_NS=0)
target_compile_options(akt_explored PUBLIC
    -include ${akt_explore_dir}/atomics.h
    -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
target_link_libraries(akt_explored PUBLIC Threads::Threads)
# Schedules are many: optimised also where the rest is not.
target_compile_options(akt_explored PRIVATE $<$<CONFIG:Debug>:-O1>)
set_target_properties(akt_explored PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
