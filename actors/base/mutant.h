/* SPDX-License-Identifier: MIT */
/*
 * Planted bugs. AKTI_MUTANT(name) stands where a mistake could be made, one that
 * systems like this really had, and says whether it is made now. tests/mutants.txt
 * names the tests that find it; scripts/mutants.sh runs them.
 *
 * The bugs are in the library and its testing twin when they are configured with
 * -DAKT_MUTANTS=ON; there the environment variable AKT_MUTANT picks one for the
 * process. In every other build the question is a constant, and costs nothing.
 */
#ifndef AKT_BASE_MUTANT_H
#define AKT_BASE_MUTANT_H

/* X(name, what is wrong then) */
#define AKTI_MUTANTS(X)                                                        \
    X(deaf_task_runs_on, "mail that a task does not want keeps it running")    \
    X(child_outlives_owner, "a task ends before the tasks that it owns")       \
    X(shield_does_nothing, "a shielded wait is cancelled")                     \
    X(answering_job_left, "a drain ends while a job's answer is on its way")   \
    X(hung_job_is_waited_for, "a drain waits for a job that nobody wants")     \
    X(drain_ends_when_continued,                                               \
      "a process that is stopped while it drains ends when it goes on")        \
    X(ended_file_is_nameless,                                                  \
      "a file's operation that ends by its deadline does not say which")       \
    X(left_words_leaked,                                                       \
      "what the end of an abandoned file's operation would say is not freed")  \
    X(cancelled_wait_is_nameless,                                              \
      "a wait for a file that is cancelled does not say for which")            \
    X(late_then_frees_twice,                                                   \
      "an answer that waited for its continuation is freed twice")             \
    X(new_file_left_behind,                                                    \
      "a file that could not take its name stays in the directory")            \
    X(short_write_is_whole, "what a short write has left is not written")      \
    X(unwanted_file_goes_on,                                                   \
      "a long read or write goes on when nobody waits for it")                 \
    X(select_forgets_parts,                                                    \
      "a thread's select sees no deadline of a part of a future")              \
    X(select_hears_no_end, "a thread's select sleeps when its future ends")    \
    X(cancel_not_heard, "a task that is cancelled goes on waiting")            \
    X(cancelled_call_asks, "a task that is cancelled asks all the same")       \
    X(closing_scope_goes_on,                                                   \
      "a task that fails while its scope closes cancels no other")             \
    X(boxed_freed_early, "a reply is freed while it lies in the mailbox")      \
    X(held_message_freed, "a task's turn frees what the task holds")           \
    X(other_end_boxed, "an end that is not awaited stays in the mailbox")      \
    X(mail_heard_late, "a task runs before it hears of what has come")         \
    X(task_wanders, "a task goes on on whatever worker takes it")              \
    X(scope_ends_later_sends,                                                  \
      "a scope closes what is to be sent later, and does for ever")            \
    X(scope_leaves_owned, "a scope leaves files and ends of channels open")    \
    X(scope_gives_nothing_up, "a scope that is closed leaves things open")     \
    X(closed_alarm_goes_off, "the time limit of a scope that is closed")       \
    X(closed_owned_found, "a scope can be closed twice by its alarm's turn")   \
    X(alarm_stays_queued, "an alarm that has gone off holds its cell")         \
    X(detached_child_killed, "a detached task is told to end")                 \
    X(push_wakes_nobody, "a message for an idle actor does not make it ready") \
    X(bound_one_more, "a mailbox takes one message more than its bound")       \
    X(reply_refused_when_full,                                                 \
      "a reply or timer is refused by a full mailbox")                         \
    X(finish_forgets_mail,                                                     \
      "the token is put down without a look at what came in")                  \
    X(finish_forgets_orders, "the token is put down without a look at orders") \
    X(low_water_ignored, "who waits for room is resumed by any room")          \
    X(wait_mark_with_room,                                                     \
      "somebody waits for room at a mailbox that has room")                    \
    X(order_wakes_nobody, "an order to an idle actor does not make it ready")  \
    X(take_messages_eats_orders,                                               \
      "a sender that evicts takes the mark of an order with it")               \
    X(newest_first, "messages are handled newest first")                       \
    X(evicted_credit_kept, "a queue that evicts does not give room back")      \
    X(credit_leaked, "room is not given back at the end of a turn")            \
    X(failure_not_answered, "the error of a handler is not told to the asker") \
    X(expired_handled, "a request is handled after its deadline")              \
    X(cancelled_handled, "a request that is over is handled")                  \
    X(stale_message_handled, "a message reaches the next actor of the slot")   \
    X(stale_notice_handled, "a notice reaches the next actor of the slot")     \
    X(weaker_order_wins, "of a stop and a kill the stop is obeyed")            \
    X(start_again, "on_start runs at every turn")                              \
    X(data_before_replies,                                                     \
      "a reply waits until the messages before it are handled")                \
    X(batch_without_end,                                                       \
      "a turn handles all that there is, whatever the batch")                  \
    X(suspended_goes_on,                                                       \
      "a handler whose send waits is followed by the next message")            \
    X(orders_seen_late, "orders are looked at between turns only")             \
    X(stop_cuts_sends_off,                                                     \
      "a stop does not wait for the sends that wait for room")                 \
    X(room_wakes_nobody, "room that comes back resumes nobody")                \
    X(drain_forgets_queue, "a drain ends an actor before its queue is empty")  \
    X(order_before_take_lost,                                                  \
      "an order between the look at orders and the take is lost")              \
    X(refused_send_frees,                                                      \
      "a send that is refused frees what the caller still owns")               \
    X(reply_wakes_nobody,                                                      \
      "a reply or timer for an idle actor does not make it ready")             \
    X(system_evicted, "what a full mailbox gives up may be a reply")           \
    X(evicts_successor,                                                        \
      "room is made in the mailbox of the next actor of the slot")             \
    X(evicts_unstashed, "an overflow drops what came back from the stash")     \
    X(sheds_young, "a mailbox that sheds the old gives up what is young")      \
    X(evict_leaves_tail, "the last message is evicted and stays the tail")     \
    X(evict_leaks_credit, "an evicted message still counts against the bound") \
    X(drops_newest_for_oldest, "AKT_DROP_OLDEST drops what comes")             \
    X(try_send_waits, "a try_send suspends its sender")                        \
    X(refusal_stays_accepted, "a refused message stays counted as accepted")   \
    X(age_outlives_mailbox,                                                    \
      "the age limit of a mailbox goes on with the message")                   \
    X(send_overtakes_outbox,                                                   \
      "a send overtakes those to the same actor that wait")                    \
    X(forwarded_stays,                                                         \
      "a forwarded message is still the first receiver's too")                 \
    X(stopped_thread_sends, "a plain thread may send after the stop began")    \
    X(counted_for_sender,                                                      \
      "a message is counted as accepted by its sender's class")                \
    X(generation_ignored, "a reference to an ended actor reaches its slot")    \
    X(fork_ignored, "a forked child goes on with the system of its parent")    \
    X(outbox_unbounded, "the outbox has no bound")                             \
    X(flush_to_successor,                                                      \
      "a waiting send is pushed to the next actor of the slot")                \
    X(edge_stays, "an edge stays when its message has found room")             \
    X(kill_waits_for_room,                                                     \
      "a kill does not reach an actor that waits for room")                    \
    X(resumes_one_only, "of several that wait for room one is resumed")        \
    X(unpark_forgotten, "a kill leaves a suspended actor asleep")              \
    X(outbox_forgotten,                                                        \
      "an actor ends and what waits in its outbox has no fate")                \
    X(edge_of_timeout_stays,                                                   \
      "a thread that gave up waiting stays among the waiters")                 \
    X(cycle_not_found, "a cycle of waiting senders is not found")              \
    X(cycle_names_stay, "the names of a cycle outlive their turn")             \
    X(pending_edge_ignored, "an edge does not count once it was resumed")      \
    X(spawn_ignores_no_memory, "a spawn goes on without memory for the state") \
    X(refused_spawn_writes, "a spawn that fails writes its out-parameter")     \
    X(spawn_misses_stop,                                                       \
      "a spawn beside the stop of the system is not told to end")              \
    X(stale_order_obeyed, "an order reaches the next actor of the slot")       \
    X(order_without_hint,                                                      \
      "an order is stored, and nothing makes a running actor look")            \
    X(drain_accepts_mail, "a draining actor still accepts mail")               \
    X(exit_leaves_mailbox_open,                                                \
      "an actor ends and its mailbox still takes messages")                    \
    X(end_forgets_queue, "an actor ends and what it had taken in has no fate") \
    X(end_forgets_inbox, "an actor ends and what came in last has no fate")    \
    X(stash_leaked, "an actor ends and its stash has no fate")                 \
    X(generation_kept, "a slot is used again under the same generation")       \
    X(generation_wraps, "a slot is used again after its generation wraps")     \
    X(place_kept, "an actor ends and still counts among those alive")          \
    X(exit_not_told, "on_exit does not run at the stop of the system")         \
    X(end_keeps_futures, "an actor ends without ending what it owns")          \
    X(end_resumes_nobody,                                                      \
      "an actor ends and who waits for its room is not told")                  \
    X(stash_credits_twice, "a stashed message gives its room back twice")      \
    X(unstash_loses_tail,                                                      \
      "what is queued after an unstash into an empty queue is lost")           \
    X(stash_unbounded, "the stash has no bound")                               \
    X(taken_answer_leaked,                                                     \
      "an asker ends and an answer that it did not take is not freed")         \
    X(queued_timer_freed_twice,                                                \
      "a timer whose message waits is freed at the end and by the mail")       \
    X(late_reply_leaked, "a reply that comes too late is not freed")           \
    X(parent_not_looked_at,                                                    \
      "of a chain of askers only the last one is looked at")                   \
    X(deadline_not_inherited, "a request in a handler gets its own deadline")  \
    X(cancel_not_inherited,                                                    \
      "a request in a handler is not ended with the outer one")                \
    X(request_limit_ignored, "an actor has more open requests than its bound") \
    X(future_undo_leaks, "a refused request still counts as open")             \
    X(refused_ask_writes,                                                      \
      "a request that is refused writes its out-parameter")                    \
    X(dropped_future_continues, "the continuation of a dropped future runs")   \
    X(others_future_taken, "a future is of use to another than its asker")     \
    X(poll_misses_deadline, "a thread that polls does not see the deadline")   \
    X(replied_twice, "a second reply is accepted")                             \
    X(kept_not_broken,                                                         \
      "a kept promise is not broken at the end of its keeper")                 \
    X(others_promise_kept, "a promise is of use to another than its keeper")   \
    X(failed_forward_loses_promise,                                            \
      "a promise is lost when it cannot be forwarded")                         \
    X(loser_not_cancelled, "a part that is not needed any more goes on")       \
    X(join_loses_words, "who joins hears the code of an error alone")          \
    X(call_loses_words, "who calls hears the code of an error alone")          \
    X(scope_loses_words, "a scope keeps the code of an error alone")           \
    X(loser_outlives_race, "a combined future does not wait for its tasks")    \
    X(dropped_child_outlives, "a task that nobody wants is not waited for")    \
    X(step_takes_any_reply, "a function gets a task's reply of another type")  \
    X(all_ends_early, "akt_all ends when one part is missing")                 \
    X(any_takes_errors, "akt_any ends by the first error")                     \
    X(completes_twice,                                                         \
      "a completion that comes too late says that it was in time")             \
    X(dropped_completer_silent, "a dropped completer leaves its future open")  \
    X(step_runs_twice, "the function of a future runs for the next one too")   \
    X(parts_left_behind, "a combined future goes and its parts stay")          \
    X(step_inside_call, "a function runs in the call that names it")           \
    X(part_deadline_missed, "a thread does not see the deadline of a part")    \
    X(part_taken_twice, "a future may be part of two")                         \
    X(undo_keeps_parts, "a combination that is refused keeps a part")          \
    X(late_part_goes_on, "what is late is not cancelled")                      \
    X(part_still_usable, "the handle of a part is not used up")                \
    X(foreign_completer_taken, "a completer of another system is taken")       \
    X(ends_twice, "a request that has ended is ended once more")               \
    X(late_reply_delivered,                                                    \
      "a handle to a request that is over ends the next one")                  \
    X(cell_generation_wraps,                                                   \
      "a cell is used again after its generation wraps")                       \
    X(periodic_drift, "a periodic timer counts from when it fired")            \
    X(periodic_queues_up,                                                      \
      "a periodic timer fires though its message still waits")                 \
    X(idle_in_spite_of_mail,                                                   \
      "idleness is told though a message came meanwhile")                      \
    X(idle_once_only, "idleness is told once")                                 \
    X(cancelled_timer_handled,                                                 \
      "a timer that was cancelled while its message waited is handled")        \
    X(fired_timer_cancelled, "a timer that is handled can still be cancelled") \
    X(periodic_stays_taken, "a periodic message that was taken stays taken")   \
    X(timer_without_memory,                                                    \
      "a timer is not armed for want of memory, and nobody is told")           \
    X(timer_early, "a timer fires at the beginning of its tick")               \
    X(equal_timers_swapped,                                                    \
      "of two timers that are due together the later one fires first")         \
    X(wheel_slot_skipped,                                                      \
      "a slot of the wheel that begins now is opened a tick later")            \
    X(wheel_slot_lost,                                                         \
      "of the timers in a slot of the wheel only the first is kept")           \
    X(line_out_of_order, "an earlier deadline queues up behind a later one")   \
    X(heap_not_reserved,                                                       \
      "the heap of timers does not grow for those in the wheel")               \
    X(streak_without_end, "two actors that talk keep a worker for themselves") \
    X(outside_waits,                                                           \
      "what comes from outside waits until a worker has nothing else")         \
    X(pinned_wanders,                                                          \
      "a pinned actor that has more to do goes to the common queue")           \
    X(busy_waits_always, "a worker waits awake whatever ended its last sleep") \
    X(busy_waits_in_vain,                                                      \
      "a worker that waited in vain does so at once again")                    \
    X(busy_waits_in_crowd,                                                     \
      "a worker waits awake though its core is taken away")                    \
    X(waking_kept_in_sleep, "a worker goes to sleep as if it were on its way") \
    X(busy_waits_unbounded, "any number of workers waits awake")               \
    X(busy_waits_for_others, "a worker goes on waiting for what others get")   \
    X(busy_wait_hides_timers, "a worker that waits awake is late for timers")  \
    X(busy_wait_hides_queues, "a worker that waits awake helps nobody")        \
    X(busy_wait_hides_stuck,                                                   \
      "a worker that waits awake takes nothing from one whose turn does not "  \
      "end")                                                                   \
    X(stuck_not_stolen, "nobody takes from a worker whose turn does not end")  \
    X(steal_duplicates,                                                        \
      "the last one that was stolen stays with its victim too")                \
    X(steal_loses_one, "of what was stolen one is lost")                       \
    X(queue_overwritten, "a full run queue overwrites its oldest")             \
    X(inject_tail_stale, "the last one taken from a queue stays its tail")     \
    X(wake_before_queueing,                                                    \
      "a sleeper is looked for before the work is queued")                     \
    X(own_worker_not_rung,                                                     \
      "a message for a pinned actor does not wake its worker")                 \
    X(idle_in_spite_of_jobs,                                                   \
      "a system with jobs in its pool is taken for idle")                      \
    X(job_lost, "a job that is queued after the queue was emptied is lost")    \
    X(job_wakes_nobody, "a job does not wake an idle thread of the pool")      \
    X(close_forgets_jobs, "a stop leaves jobs in the queue of the pool")       \
    X(closed_pool_takes_jobs, "the pool takes a job after the stop")           \
    X(cancelled_job_runs, "a job runs though nobody waits for it any more")    \
    X(stop_skips_last, "the stop of the system leaves the last slot out")      \
    X(drain_not_waited_for,                                                    \
      "the stop of the system does not wait for its drain")                    \
    X(detach_keeps_futures, "a thread detaches and its requests stay open")    \
    X(dead_letter_silent, "a dead letter is counted and not told")             \
    X(dropped_request_silent, "a request that is dropped is not broken")       \
    X(fate_counted_twice, "a message that was not delivered is counted twice") \
    X(destructor_never, "the content of a message is never destroyed")         \
    X(destructor_after_take,                                                   \
      "content that was taken is destroyed with its message too")              \
    X(text_not_copied, "a text in a message still points to the sender's")     \
    X(stale_future_granted,                                                    \
      "permits go to a future that nobody waits for any more")                 \
    X(semaphore_overtaken, "who comes later takes permits from who waits")     \
    X(semaphore_turn_lost,                                                     \
      "the first in line gives up and those behind it are not looked at")      \
    X(semaphore_grant_lost,                                                    \
      "permits that were granted to a cancelled task are lost")                \
    X(hold_keeps_permits, "permits that are held are never given back")        \
    X(gifts_lost, "a task closes what it was spawned with before it begins")   \
    X(notify_not_kept, "a notification without a waiter is forgotten")         \
    X(notify_eaten, "a notification of a cancelled waiter is lost")            \
    X(fd_others_unarmed,                                                       \
      "a report for one who waits for a descriptor is the last for all")       \
    X(fd_number_not_reused,                                                    \
      "a number that was closed while it was watched is not watched again")    \
    X(fd_report_of_another, "a report of a closed descriptor ends a wait for " \
                            "the next of its number")                          \
    X(fd_end_of_another,                                                       \
      "an end that comes late ends the next future of the cell")               \
    X(fd_wait_stays, "a cancelled wait for a descriptor stays where it is")    \
    X(close_leaves_waiters, "an object closes and its waiters wait on")        \
    X(barrier_cancelled_late,                                                  \
      "who was counted by a barrier says that it has not come")                \
    X(last_sender_not_told, "the last sender goes and receivers wait on")      \
    X(closed_end_not_told, "an end is closed and who waits by it waits on")    \
    X(watch_misses_last, "the last value of a sender that is gone is missed")  \
    X(lag_noticed_late, "a receiver reads what was overwritten just now")      \
    X(stop_wakes_no_thread,                                                    \
      "a thread waits for ever when the system has gone")                      \
    X(copy_forgets_sender, "a copied message has no sender")                   \
    X(magazine_lost, "a full magazine of free blocks is lost")                 \
    X(sim_ignores_seed, "a simulation makes the same choices for every seed")  \
    X(segments_kept, "a channel keeps the memory of a burst")                  \
    X(channel_baton_lost,                                                      \
      "who was woken by a channel and goes wakes no other")                    \
    X(permit_room_lost, "a permit that is released wakes nobody")              \
    X(woken_loses_its_place,                                                   \
      "who was woken by a channel in vain is the last from then on")           \
    X(users_not_woken, "a closed end leaves those waiting who use it")         \
    X(close_wakes_nobody, "a channel that is closed leaves its waiters")       \
    X(gift_closed_by_scope,                                                    \
      "an end that is given to a task is closed by its open scope")            \
    X(select_keeps_the_baton,                                                  \
      "a select that another branch ends wakes nobody in its place")           \
    X(owed_wake_forgotten, "a task that owes a sender a wake-up forgets it")   \
    X(cancelled_select_sends,                                                  \
      "a select that is cancelled says so, and has sent")                      \
    X(select_believes_closed,                                                  \
      "a select that waited takes a channel without senders for empty")        \
    X(capacity_one_more, "a channel holds one value more than its capacity")   \
    X(simnet_overtakes, "a message overtakes one of the same connection")      \
    X(simnet_room_not_told, "room in a socket's window wakes nobody")          \
    X(simnet_loss_not_counted,                                                 \
      "what is lost with a connection is not counted")                         \
    X(simnet_no_back_pressure, "a full receiver does not stop its peers")      \
    X(simnet_closed_loses, "what a closed socket had sent is lost")            \
    X(simnet_asks_for_ever, "a lost connection breaks no request")             \
    X(nng_pump_looks_once,                                                     \
      "what is put as the pump comes to rest is not sent")                     \
    X(nng_unsent_leaked, "a message that could not be sent is not freed")      \
    X(nng_loss_not_counted, "a message that could not be sent is not counted") \
    X(nng_room_not_told, "room in the queue of a socket wakes nobody")         \
    X(nng_bytes_unbounded, "a socket's queue has any number of bytes")         \
    X(nng_bytes_stay, "what has left a socket's queue counts by its bytes")    \
    X(nng_drop_not_counted, "what arrives and finds no room goes uncounted")   \
    X(rest_hides_timers, "a worker that rests between turns sees no timer")    \
    X(nng_ring_head_seen_once, "a ring that was full once is taken for full")  \
    X(nng_ring_tail_not_seen, "what was put into an empty ring is not seen")   \
    X(nng_stall_for_ever, "a socket that stopped reading goes on no more")     \
    X(nng_queue_not_pending, "a close forgets what is queued to be sent")      \
    X(nng_closed_in_traffic,                                                   \
      "a socket is closed while messages go back and forth")                   \
    X(nng_closing_told_early, "a close counts as done before it is")           \
    X(nng_removals_unwatched, "nobody hears that nng removes no connection")   \
    X(nng_answered_and_deaf, "the context of an answer receives no more")      \
    X(nng_dropped_request_kept, "a request that is dropped keeps its context") \
    X(nng_quiet_forgotten, "an answer that waits is not looked at again")      \
    X(nng_ask_sent_after_close, "a closed socket sends what had not left")     \
    X(nng_ask_kept, "a request that is given up keeps its context")            \
    X(nng_ask_cancelled_unsent,                                                \
      "a request that waits for a peer is given up by a cancel")               \
    X(nng_ask_sent_again, "nng sends a request to the next peer by itself")    \
    X(nng_ask_room_not_told, "a context that is free again wakes nobody")      \
    X(nng_peers_unbounded, "a socket has more peers than its bound")           \
    X(nng_refused_makes_room,                                                  \
      "a peer that was refused makes room for one more")                       \
    X(nng_down_not_told, "a peer goes and nobody is woken for it")             \
    X(nng_gone_peer_told, "a peer that is gone already is told to be there")   \
    X(nng_topics_ignored, "a subscriber gets all topics")                      \
    X(nng_one_lane, "a close waits for those who dial")                        \
    X(nng_job_lost, "of the jobs that find no thread the last one is kept")    \
    X(net_loss_not_told, "a request waits for a peer that has gone")           \
    X(net_over_not_dropped, "a request that is over is kept by the transport") \
    X(net_over_still_sent, "a request that is over is sent all the same")      \
    X(net_late_answer_taken, "an answer that came too late counts as wanted")  \
    X(net_looks_for_ever, "a socket looks for messages and is never told")     \
    X(net_look_is_deaf,                                                        \
      "a socket that has looked in vain hears of no message")                  \
    X(net_dead_owner_not_counted,                                              \
      "what arrives for who has ended goes uncounted")                         \
    X(net_waiting_overwritten, "a packet that waits for room is overwritten")  \
    X(net_lingers_for_ever, "a close waits for peers without end")             \
    X(net_round_ignored, "a late answer is given to who has the place now")    \
    X(net_queue_not_drained,                                                   \
      "a drain does not wait for the queues of sockets")                       \
    X(net_unread_forgotten,                                                    \
      "what a socket had received when it was closed goes uncounted")          \
    X(nng_port_untold, "who listens at any port is not told which it is")      \
    X(nng_pair_of_old, "PAIR speaks what PAIR0 does")                          \
    X(nng_survey_untagged, "an answer is to no survey")                        \
    X(nng_key_unchecked, "a key is not compared with its certificate")         \
    X(nng_any_name, "who dials takes a certificate of any name")               \
    X(net_losses_not_said, "a socket is closed with losses, and says nothing") \
    X(net_answers_forgotten, "an answer that has not left is in no number")    \
    X(net_finish_early, "a socket tells its last numbers before both counted") \
    X(net_retires_late, "a new socket does not wait for one just closed")      \
    X(net_size_unlimited, "a peer may send a message of any size")             \
    X(discarded_stays_open,                                                    \
      "a descriptor is left when the last job of a file is given up")          \
    X(make_eats_mode,                                                          \
      "a slash behind a directory's name makes its mode that of its parents")  \
    X(link_always_followed, "a link's stat is that of what it leads to")       \
    X(walk_goes_round, "a walk follows a link back to where it came from")     \
    X(walk_keeps_all_open, "a walk keeps all directories above it open")       \
    X(walk_begins_again, "a directory that is opened again is read again")     \
    X(walk_hides_errors,                                                       \
      "a directory that cannot be read on is taken for ended")                 \
    X(batch_lost, "a batch that could not be sent is forgotten")               \
    X(queued_values_leaked, "what is queued is not destroyed with a channel")  \
    X(wire_count_believed,                                                     \
      "an array or map may be longer than what is left of the input")          \
    X(wire_depth_unchecked, "maps and arrays may nest as deep as they like")   \
    X(wire_trailing_taken, "what stands behind a message is not looked at")    \
    X(wire_utf8_unchecked, "a text is taken though it is not UTF-8")           \
    X(wire_key_twice, "a field may be there twice")                            \
    X(wire_range_one_more, "an integer may be one above the greatest")         \
    X(wire_skips_head_only,                                                    \
      "of what nobody knows only the outermost head is skipped")               \
    X(wire_array_too_long, "an array takes one element more than it has room") \
    X(batch_tail_taken, "what stands behind a batch is not looked at")         \
    X(batch_waits_for_mail,                                                    \
      "a batch is forgotten when other mail than messages comes")              \
    X(batch_sent_in_pieces, "a batch leaves before it is full, mail or not")   \
    X(batch_second_lost, "of two batches that wait only one goes on")          \
    X(batch_overruns_mailbox, "a full mailbox does not stop a batch")          \
    X(batch_rest_forgotten, "what goes with a batch is not counted")           \
    X(batch_overtakes,                                                         \
      "a batch that its sender filled leaves before what was sent first")      \
    X(batch_counted_as_one, "such a batch is accepted as one message")         \
    X(whole_as_many, "as many whole batches wait in a socket as messages")     \
    X(batch_unchecked, "a batch is sent without a look at it")                 \
    X(batch_third_lost,                                                        \
      "of a batch that others filled and that waits nothing is left")          \
    X(batch_sent_unagreed, "a socket without batches sends one all the same")  \
    X(batch_refused_as_one, "such a batch is refused as one message")          \
    X(batch_of_none_brought, "a batch of no messages is brought to the owner") \
    X(pack_limit_believed, "a batch may be larger than a message")             \
    X(batch_dropped_as_one, "a whole batch is dropped as one message")         \
    X(pack_beyond_limit, "whoever fills a batch is not told that it is full")  \
    X(pack_lost_on_error, "a batch that could not be sent is emptied")

#if defined(AKT_MUTANTS)

#define AKTI_MUTANT_NUMBER_(name, text) AKTI_MUTANT_##name,
enum akti_mutant {
    AKTI_MUTANT_NONE,
    AKTI_MUTANTS(AKTI_MUTANT_NUMBER_) AKTI_MUTANT_COUNT
};

/* The one that this process has; set before main() and never again. */
extern enum akti_mutant akti_mutant;

#define AKTI_MUTANT(name) (akti_mutant == AKTI_MUTANT_##name)

#else

#define AKTI_MUTANT_ZERO_(name, text) AKTI_MUTANT_##name = 0,
enum {
    AKTI_MUTANTS(AKTI_MUTANT_ZERO_)
};

#define AKTI_MUTANT(name) (AKTI_MUTANT_##name != 0)

#endif

#endif
