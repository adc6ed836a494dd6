# SPDX-License-Identifier: MIT
# AKT_WITH_NET: what leaves the process (actors/net). It is on where libcbor is
# found. Without it akt needs neither libcbor nor anything else of a network.

pkg_check_modules(AKT_CBOR QUIET IMPORTED_TARGET libcbor>=0.8)
option(AKT_WITH_NET "Messages as bytes (needs libcbor)" ${AKT_CBOR_FOUND})
set(AKT_NET_LIBRARIES)
set(AKT_PC_REQUIRES "libevent_core >= 2.1")
if(AKT_WITH_NET)
    if(NOT AKT_CBOR_FOUND)
        message(FATAL_ERROR
            "AKT_WITH_NET needs libcbor 0.8 or newer (Debian: libcbor-dev)")
    endif()
    list(APPEND AKT_NET_LIBRARIES PkgConfig::AKT_CBOR)
    string(APPEND AKT_PC_REQUIRES ", libcbor >= 0.8")
endif()

# AKT_WITH_NNG: sockets of nng as actors. On where nng is found with its CMake
# package, and messages as bytes are there. It has no pkg-config file.
find_package(nng CONFIG QUIET)
set(akt_nng_default OFF)
if(nng_FOUND AND AKT_WITH_NET)
    set(akt_nng_default ON)
endif()
option(AKT_WITH_NNG "Sockets of nng as actors (needs nng)" ${akt_nng_default})
set(AKT_PC_NNG)
if(AKT_WITH_NNG)
    if(NOT TARGET nng::nng OR NOT AKT_WITH_NET)
        message(FATAL_ERROR "AKT_WITH_NNG needs nng (Debian: libnng-dev) and "
            "AKT_WITH_NET")
    endif()
    list(APPEND AKT_NET_LIBRARIES nng::nng)
    set(AKT_PC_NNG " -lnng")
endif()
message(STATUS "Net layer: ${AKT_WITH_NET}, nng: ${AKT_WITH_NNG}")
