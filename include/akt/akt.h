/* SPDX-License-Identifier: MIT */
/**
 * @file akt.h
 * @brief All of akt: includes only. Begin with actor.h and system.h.
 *
 * What a build of akt may be without is included by itself: wire.h, nng.h, sim_net.h;
 * and so is test.h, which is for tests.
 */
#ifndef AKT_AKT_H
#define AKT_AKT_H

#include "akt/actor.h"
#include "akt/alloc.h"
#include "akt/barrier.h"
#include "akt/blocking.h"
#include "akt/broadcast.h"
#include "akt/channel.h"
#include "akt/combine.h"
#include "akt/dir.h"
#include "akt/error.h"
#include "akt/explore.h"
#include "akt/failure.h"
#include "akt/fd.h"
#include "akt/file.h"
#include "akt/future.h"
#include "akt/give.h"
#include "akt/log.h"
#include "akt/mailbox.h"
#include "akt/message.h"
#include "akt/notify.h"
#include "akt/oneshot.h"
#include "akt/run.h"
#include "akt/scope.h"
#include "akt/select.h"
#include "akt/semaphore.h"
#include "akt/sim.h"
#include "akt/system.h"
#include "akt/task.h"
#include "akt/timer.h"
#include "akt/types.h"
#include "akt/version.h"
#include "akt/wake.h"
#include "akt/watch.h"

#endif
