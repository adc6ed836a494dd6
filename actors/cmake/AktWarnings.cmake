# SPDX-License-Identifier: MIT
# akt_compile_options(<target>): the C dialect, warnings and instrumentation
# that every target of this project is built with. Nothing here is exported.

set(AKT_WARNINGS
    -Wall
    -Wextra
    -Wpedantic
    -Wconversion
    -Wsign-conversion
    -Wshadow
    -Wstrict-prototypes
    -Wmissing-prototypes
    -Wold-style-definition
    -Wundef
    -Wcast-qual
    -Wpointer-arith
    -Wwrite-strings
    -Wformat=2
    -Wvla
    -Wdouble-promotion
    -Wimplicit-fallthrough)

# What is instrumented is slow: the library is optimised. The tests are not, since
# there are many, and each is compiled for longer than it runs.
set(AKT_SANITIZER_FLAGS)
set(AKT_SANITIZED_LIBRARY_FLAGS)
if(AKT_SANITIZER MATCHES "^(address|thread|undefined|address,undefined)$")
    set(AKT_SANITIZER_FLAGS -fsanitize=${AKT_SANITIZER}
        -fno-sanitize-recover=all -fno-omit-frame-pointer)
    set(AKT_SANITIZED_LIBRARY_FLAGS $<$<CONFIG:Debug>:-O1>)
elseif(NOT AKT_SANITIZER STREQUAL "none")
    message(FATAL_ERROR "AKT_SANITIZER: '${AKT_SANITIZER}' is none of none, "
        "address, thread, undefined and address,undefined")
endif()

# The library tells libFuzzer where it goes; fast enough only when optimised.
if(AKT_BUILD_FUZZ)
    list(APPEND AKT_SANITIZED_LIBRARY_FLAGS -fsanitize=fuzzer-no-link -O1)
endif()

if(AKT_LTO)
    include(CheckIPOSupported)
    check_ipo_supported(LANGUAGES C)
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        # Objects that are code as well: whoever links the archive may do without.
        set(CMAKE_C_COMPILE_OPTIONS_IPO -flto=auto -ffat-lto-objects)
        set(CMAKE_C_LINK_OPTIONS_IPO -flto=auto)
    endif()
endif()

function(akt_compile_options target)
    set_target_properties(${target} PROPERTIES
        C_STANDARD 11
        C_STANDARD_REQUIRED ON
        C_EXTENSIONS OFF
        INTERPROCEDURAL_OPTIMIZATION ${AKT_LTO})
    target_compile_options(${target} PRIVATE
        ${AKT_WARNINGS} $<$<BOOL:${AKT_WERROR}>:-Werror> ${AKT_SANITIZER_FLAGS})
    target_link_options(${target} PRIVATE ${AKT_SANITIZER_FLAGS})
    if(AKT_COVERAGE)
        target_compile_options(${target}
            PRIVATE --coverage -fprofile-update=atomic -O0)
        target_link_options(${target} PRIVATE --coverage)
    endif()
endfunction()
