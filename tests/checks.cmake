# SPDX-License-Identifier: MIT
# Checks that are not cmocka programs: lints, programs that must not compile,
# the installed package, the examples of the README and of akt/test.h.

set(here ${CMAKE_CURRENT_SOURCE_DIR})
find_program(AKT_GCC gcc)
find_program(AKT_CLANG clang)
find_program(AKT_GXX g++)
find_program(AKT_CLANGXX clang++)
set(c_compilers)
set(cxx_compilers)
foreach(compiler IN ITEMS ${AKT_GCC} ${AKT_CLANG})
    if(compiler)
        list(APPEND c_compilers ${compiler})
    endif()
endforeach()
foreach(compiler IN ITEMS ${AKT_GXX} ${AKT_CLANGXX})
    if(compiler)
        list(APPEND cxx_compilers ${compiler})
    endif()
endforeach()
if(NOT c_compilers)
    set(c_compilers ${CMAKE_C_COMPILER})
endif()

# Lints. Each has cases in lint/plants that show that it can fail.
foreach(lint IN ITEMS layers onefile docs ordering sizes words)
    akt_lint(${lint} ${here}/lint/run.sh ${lint} ${PROJECT_SOURCE_DIR})
    akt_lint(${lint}_selftest ${here}/lint/selftest.sh ${lint})
endforeach()
akt_lint(sources ${here}/lint/sources.sh ${PROJECT_SOURCE_DIR})
akt_lint(sources_selftest ${here}/lint/selftest.sh sources)
string(JOIN ":" c_list ${c_compilers})
string(JOIN ":" cxx_list ${cxx_compilers})
akt_lint(headers ${here}/lint/headers.sh ${PROJECT_SOURCE_DIR}
    ${PROJECT_BINARY_DIR}/include ${c_list} ${cxx_list})
akt_lint(headers_selftest ${here}/lint/headers_selftest.sh ${c_list} ${cxx_list})

# Programs that must not compile: every compile_fail/*.c, by each compiler.
file(GLOB compile_fail CONFIGURE_DEPENDS RELATIVE ${here}/compile_fail
    ${here}/compile_fail/*.c)
foreach(compiler IN LISTS c_compilers)
    get_filename_component(compiler_name ${compiler} NAME)
    foreach(file IN LISTS compile_fail)
        string(REGEX REPLACE "\\.c$" "" name ${file})
        akt_add_test(compile_fail/${name}_${compiler_name}
            COMMAND sh ${here}/compile_fail/run.sh ${compiler}
                ${PROJECT_SOURCE_DIR}/include:${PROJECT_BINARY_DIR}/include
                ${here}/compile_fail/${file}
            LABELS compile_fail)
    endforeach()
    akt_add_test(compile_fail/selftest_${compiler_name}
        COMMAND sh ${here}/compile_fail/selftest.sh ${compiler}
        LABELS compile_fail)
endforeach()

# The library as others use it: not in instrumented builds.
if(AKT_SANITIZER STREQUAL "none" AND NOT AKT_COVERAGE)
    set(kind static)
    if(BUILD_SHARED_LIBS)
        set(kind shared)
    endif()
    akt_add_test(install/${kind}
        COMMAND sh ${here}/install/run.sh ${PROJECT_BINARY_DIR} ${here}/install
            ${CMAKE_C_COMPILER} ${kind}
        LABELS install)
    akt_add_test(readme/first_example
        COMMAND sh ${PROJECT_SOURCE_DIR}/scripts/readme_example.sh
            ${PROJECT_SOURCE_DIR}/README.md ${CMAKE_C_COMPILER}
            -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_BINARY_DIR}/include
            $<TARGET_FILE:akt> -Wl,-rpath,$<TARGET_FILE_DIR:akt>
            ${AKT_LIBEVENT_LDFLAGS} -pthread
        LABELS install)
    akt_add_test(readme/test_example
        COMMAND sh ${PROJECT_SOURCE_DIR}/scripts/header_example.sh
            ${PROJECT_SOURCE_DIR}/include/akt/test.h ${CMAKE_C_COMPILER}
            -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_BINARY_DIR}/include
            $<TARGET_FILE:akt> -Wl,-rpath,$<TARGET_FILE_DIR:akt>
            ${AKT_LIBEVENT_LDFLAGS} -pthread
        LABELS install)
endif()
