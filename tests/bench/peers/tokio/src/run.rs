// SPDX-License-Identifier: MIT
//! What one run is asked for, and how it spawns, sends and yields. Tuned: tasks
//! outside of the cooperative budget, and sends that first try without waiting.
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;

#[derive(Clone, Copy)]
pub struct Run {
    pub name: &'static str,
    pub n: i64,
    pub tuned: bool,
}

/// Wakes itself at once, so that it is polled again after the others that are
/// ready. Tokio's own yield_now is polled again after the timers were, too.
struct Requeue {
    yielded: bool,
}

impl Future for Requeue {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Run {
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if self.tuned {
            tokio::spawn(tokio::task::unconstrained(future))
        } else {
            tokio::spawn(future)
        }
    }

    #[inline]
    pub async fn put<T>(&self, to: &Sender<T>, value: T) {
        let value = if self.tuned {
            match to.try_send(value) {
                Ok(()) => return,
                Err(TrySendError::Full(value)) => value,
                Err(TrySendError::Closed(_)) => panic!("nobody receives"),
            }
        } else {
            value
        };
        to.send(value).await.ok().expect("somebody receives");
    }

    #[inline]
    pub async fn pause(&self) {
        if self.tuned {
            Requeue { yielded: false }.await
        } else {
            tokio::task::yield_now().await
        }
    }
}
