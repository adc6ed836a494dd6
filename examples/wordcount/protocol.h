/* SPDX-License-Identifier: MIT */
/**
 * @file protocol.h
 * @brief What workers ask of the coordinator, over the network.
 *
 *     worker                                 coordinator
 *     want            ------------------->
 *                     <-------------------   grant: files, for a time
 *     counted: words  ------------------->
 *                     <-------------------   go_on
 *     counted: nothing, "I am still at it"   (each RENEW_MS)
 *     finished: each file's figures  ---->
 *                     <-------------------   go_on
 *     want ...
 *
 * Each is a request with an answer, so a slow side holds back the other. Only
 * `finished` makes the words of a lease count. A worker that is not heard of for
 * LEASE_MS has lost its lease: others get the files, and whatever it still says
 * for it is answered by LEASE_GONE. When a connection ends that may be within
 * GRACE_MS, since nobody knows whose it was. A worker whose requests are not
 * answered forgets its lease too, and asks for another one a few times.
 */
#ifndef AKT_EXAMPLES_WORDCOUNT_PROTOCOL_H
#define AKT_EXAMPLES_WORDCOUNT_PROTOCOL_H

#include <akt/message.h>

enum {
    LEASE_FILES = 32, /* files of one lease */
    LEASE_MS = 40000,
    GRACE_MS = 2000,
    RENEW_MS = 500,
    AGAIN_MS = 250,   /* how long a `want` may lie there without an answer */
    ANSWER_MS = 20000 /* how long a worker waits for an answer */
};

/** The largest message: the longest word and what is around it. */
#define SPREAD_MESSAGE_MAX ((size_t)2 * 1024 * 1024)

/** What the coordinator says. */
enum verdict {
    GO_ON = 1,  /* to `want`: here they are */
    TRY_LATER,  /* the same again, please; there is no room, or no file, now */
    LEASE_GONE, /* it is another worker's by now: forget it, ask for more */
    ALL_DONE    /* there will be no more */
};

/** Paths are bytes, not texts: a file system knows no UTF-8. Each ends with NUL.
 *  Those that are relative are so to `folder`. */
#define GRANT(F) F(u32, verdict) F(u64, lease) F(bytes, folder) F(bytes, paths)
AKT_MESSAGE(grant, GRANT);
AKT_SIGNAL_REQUEST(want, grant);

#define GO_ON_OR_NOT(F) F(u32, verdict)
AKT_MESSAGE(go_on, GO_ON_OR_NOT);

/** Words are those of piece.h. */
#define COUNTED(F) F(u64, lease) F(bytes, words)
AKT_REQUEST(counted, COUNTED, go_on);

#define FILE_RESULT(F) F(u64, bytes) F(u64, cut) F(i32, err)
AKT_MESSAGE(file_result, FILE_RESULT);
/** In the order of the paths. */
#define FILE_RESULTS(F) F(message_array, file_result, of, LEASE_FILES)
AKT_MESSAGE(file_results, FILE_RESULTS);
#define FINISHED(F) F(u64, lease) F(message, file_results, results)
AKT_REQUEST(finished, FINISHED, go_on);

#endif
