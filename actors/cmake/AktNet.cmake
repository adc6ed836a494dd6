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
message(STATUS "Net layer: ${AKT_WITH_NET}")
