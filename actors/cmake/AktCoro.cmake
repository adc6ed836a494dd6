# SPDX-License-Identifier: MIT
# How coroutines switch: AKT_CORO is fcontext (two functions of Boost.Context),
# ucontext (the C library), or auto: fcontext where it is found.
#
# The two functions are taken out of Boost's static archive and go into akt
# itself, under names of ours: programs that use akt need nothing of Boost, and
# may use another version of it. Sets AKT_CORO_FOUND to fcontext or ucontext,
# and AKT_CORO_OBJECT to the object file with the two.

set(AKT_CORO "auto" CACHE STRING "How coroutines switch")
set_property(CACHE AKT_CORO PROPERTY STRINGS auto fcontext ucontext)
if(NOT AKT_CORO MATCHES "^(auto|fcontext|ucontext)$")
    message(FATAL_ERROR
        "AKT_CORO: '${AKT_CORO}' is none of auto, fcontext and ucontext")
endif()

# Writes the object file; sets `akt_problem` to what is wrong with it, if so.
function(akt_fcontext_object archive object)
    set(akt_problem "" PARENT_SCOPE)
    execute_process(
        COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o ${object}.boost
            -Wl,-u,make_fcontext -Wl,-u,jump_fcontext ${archive}
        RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(result EQUAL 0)
        execute_process(
            COMMAND ${CMAKE_OBJCOPY}
                --redefine-sym make_fcontext=akti_fcontext_make
                --redefine-sym jump_fcontext=akti_fcontext_jump
                ${object}.boost ${object}
            RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    endif()
    if(NOT result EQUAL 0)
        set(akt_problem "${output}" PARENT_SCOPE)
        return()
    endif()
    set(check ${PROJECT_BINARY_DIR}/fcontext_check.c)
    configure_file(actors/cmake/fcontext_check.c.in ${check} COPYONLY)
    if(CMAKE_CROSSCOMPILING)
        try_compile(AKT_CORO_CHECK_BUILT ${object}.check ${check} LINK_LIBRARIES ${object}
            OUTPUT_VARIABLE output)
        set(AKT_CORO_CHECK_RAN 0)
    else()
        try_run(AKT_CORO_CHECK_RAN AKT_CORO_CHECK_BUILT
            ${object}.check ${check} LINK_LIBRARIES ${object}
            COMPILE_OUTPUT_VARIABLE output)
    endif()
    if(NOT AKT_CORO_CHECK_BUILT)
        set(akt_problem "its functions cannot be linked: ${output}"
            PARENT_SCOPE)
    elseif(NOT AKT_CORO_CHECK_RAN EQUAL 0)
        set(akt_problem "its functions have another interface than the one \
that akt knows (check ${AKT_CORO_CHECK_RAN} of actors/cmake/fcontext_check.c.in)" PARENT_SCOPE)
    endif()
endfunction()

set(AKT_CORO_FOUND ucontext)
if(NOT AKT_CORO STREQUAL "ucontext")
    find_library(AKT_BOOST_CONTEXT
        NAMES ${CMAKE_STATIC_LIBRARY_PREFIX}boost_context${CMAKE_STATIC_LIBRARY_SUFFIX}
        DOC "Boost.Context's static archive")
    if(NOT AKT_BOOST_CONTEXT)
        set(akt_problem "its static archive was not found")
    elseif(NOT CMAKE_OBJCOPY)
        set(akt_problem "there is no objcopy")
    else()
        set(AKT_CORO_OBJECT ${PROJECT_BINARY_DIR}/akt_fcontext.o)
        akt_fcontext_object(${AKT_BOOST_CONTEXT} ${AKT_CORO_OBJECT})
        set_property(DIRECTORY APPEND
            PROPERTY CMAKE_CONFIGURE_DEPENDS ${AKT_BOOST_CONTEXT})
    endif()
    if(NOT akt_problem)
        set(AKT_CORO_FOUND fcontext)
    elseif(AKT_CORO STREQUAL "fcontext")
        message(FATAL_ERROR "Boost.Context (Debian: libboost-context-dev) "
            "cannot be used: ${akt_problem}")
    else()
        message(STATUS "Boost.Context is not used: ${akt_problem}")
    endif()
endif()
message(STATUS "Coroutines switch by ${AKT_CORO_FOUND}")

# The guard of a task's stack is one page. So that no function steps over it, those
# with larger frames touch each page: akt's own, and those of who uses akt. Others
# cost nothing. AKT_PAGEWISE is the option for the compilers that know it.
include(CheckCCompilerFlag)
check_c_compiler_flag(-fstack-clash-protection AKT_HAS_PAGEWISE)
set(AKT_PAGEWISE)
set(AKT_PC_PAGEWISE)
if(AKT_HAS_PAGEWISE)
    set(AKT_PAGEWISE -fstack-clash-protection)
    set(AKT_PC_PAGEWISE " -fstack-clash-protection")
endif()
function(akt_pagewise target)
    foreach(language IN ITEMS C CXX)
        target_compile_options(${target} PUBLIC
            $<$<COMPILE_LANG_AND_ID:${language},${CMAKE_C_COMPILER_ID}>:${AKT_PAGEWISE}>)
    endforeach()
endfunction()

if(AKT_CORO_FOUND STREQUAL "fcontext")
    # The switch is inlined.
    add_compile_definitions(AKTI_CORO_FCONTEXT=1)
    set_source_files_properties(${AKT_CORO_OBJECT}
        PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
endif()
