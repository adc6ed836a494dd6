# SPDX-License-Identifier: MIT
# How tests are registered. A test is named folder/file, is labelled with its
# folder, and is killed after TIMEOUT seconds (120 unless said otherwise).

pkg_check_modules(AKT_CMOCKA REQUIRED IMPORTED_TARGET cmocka)
set(AKT_TEST_TIMEOUT 120)

# The address and thread sanitizers want their shadow memory at fixed places,
# which some kernels' address randomisation takes away.
set(AKT_TEST_LAUNCHER)
if(AKT_SANITIZER MATCHES "address|thread")
    find_program(AKT_SETARCH setarch)
    if(AKT_SETARCH)
        execute_process(COMMAND ${AKT_SETARCH} -R true
            RESULT_VARIABLE akt_result OUTPUT_QUIET ERROR_QUIET)
        if(akt_result EQUAL 0)
            set(AKT_TEST_LAUNCHER ${AKT_SETARCH} -R)
        endif()
    endif()
endif()

# Reports of clang's sanitizers have names by addr2line, where llvm-symbolizer is
# not installed.
#
# akt_add_test(<name> COMMAND <program> [<argument> ...]
#              [LABELS <label> ...] [TIMEOUT <seconds>] [PROCESSORS <n>]
#              [COST <seconds>])
# registers any command; the functions below are built on it. What costs most
# begins first, so that no processor waits for it at the end.
function(akt_add_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT;PROCESSORS;COST"
        "COMMAND;LABELS")
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT ${AKT_TEST_TIMEOUT})
    endif()
    if(NOT arg_PROCESSORS)
        set(arg_PROCESSORS 1)
    endif()
    # nng is not instrumented: see that file.
    set(suppressions)
    if(name MATCHES nng)
        set(suppressions ":suppressions=${PROJECT_SOURCE_DIR}/tests/nng.suppressions")
    endif()
    if(NOT arg_COST)
        set(arg_COST 0)
    endif()
    add_test(NAME ${name} COMMAND ${arg_COMMAND})
    set_tests_properties(${name} PROPERTIES
        LABELS "${arg_LABELS}"
        TIMEOUT ${arg_TIMEOUT}
        PROCESSORS ${arg_PROCESSORS}
        COST ${arg_COST}
        ENVIRONMENT "LC_ALL=C;\
TSAN_OPTIONS=second_deadlock_stack=1:allow_addr2line=1${suppressions};\
UBSAN_OPTIONS=print_stacktrace=1:allow_addr2line=1;\
ASAN_OPTIONS=detect_stack_use_after_return=1:allow_addr2line=1")
endfunction()

# akt_program(<target> <file.c>): a program of this project.
function(akt_program target file)
    add_executable(${target} ${file})
    target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${target} PRIVATE Threads::Threads)
    akt_compile_options(${target})
    get_filename_component(name ${file} NAME_WE)
    get_filename_component(folder ${file} DIRECTORY)
    set_target_properties(${target} PROPERTIES
        OUTPUT_NAME ${name}
        EXPORT_COMPILE_COMMANDS OFF
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${folder})
endfunction()

# akt_test(<folder/file.c> [LABELS <label> ...] [TIMEOUT <seconds>]
#          [COST <seconds>] [ARGS <argument> ...]): a cmocka program that may look inside akt. Those
# of "unit" that start threads are labelled "threads" as well. The targets
# tests_<label> build what has that label.
set(AKT_STARTS_THREADS
    "(pthread_create|akti_thread_start|akt_system_start|akti_blocking_[a-z_]*)\\(")
function(akt_test file)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT;COST" "LABELS;ARGS")
    string(REGEX REPLACE "\\.c$" "" name ${file})
    string(REPLACE "/" "_" target test_${name})
    get_filename_component(folder ${file} DIRECTORY)
    set(processors 1)
    if(folder STREQUAL "stress")
        set(processors 2)
    endif()
    akt_program(${target} ${file})
    target_link_libraries(${target}
        PRIVATE akt_test_begin akt_test_support akt_testing)
    file(STRINGS ${file} threads REGEX "${AKT_STARTS_THREADS}")
    if(folder STREQUAL "unit" AND threads)
        list(APPEND arg_LABELS threads)
    endif()
    foreach(label IN ITEMS ${folder} ${arg_LABELS})
        if(NOT TARGET tests_${label})
            add_custom_target(tests_${label})
        endif()
        add_dependencies(tests_${label} ${target})
    endforeach()
    akt_add_test(${name}
        COMMAND ${AKT_TEST_LAUNCHER} $<TARGET_FILE:${target}> ${arg_ARGS}
        LABELS ${folder} ${arg_LABELS}
        TIMEOUT "${arg_TIMEOUT}"
        COST "${arg_COST}"
        PROCESSORS ${processors})
endfunction()

# akt_lint(<name> <command> ...): a check of the sources as text.
function(akt_lint name)
    akt_add_test(lint/${name} COMMAND sh ${ARGN} LABELS lint COST 1)
endfunction()

# akt_explore(<explore/file.c>): a cmocka program of scenarios for the explorer.
function(akt_explore file)
    if(NOT TARGET akt_explored)
        return()
    endif()
    string(REGEX REPLACE "\\.c$" "" name ${file})
    string(REPLACE "/" "_" target test_${name})
    akt_program(${target} ${file})
    target_link_libraries(${target} PRIVATE akt_test_begin akt_explored)
    akt_add_test(${name}
        COMMAND ${AKT_TEST_LAUNCHER} $<TARGET_FILE:${target}>
        LABELS explore
        COST 10
        TIMEOUT 200)
endfunction()
