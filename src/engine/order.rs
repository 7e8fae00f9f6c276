//! Work in parallel, results in order: a bounded window between the two.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;

use crossbeam_channel::bounded;

use super::Threads;
use crate::fs::lock::{lock, wait};

/// How many results may wait for an earlier one. Bounds the memory, whatever is walked; large
/// enough that one file of 100 MB does not hold up the small ones behind it.
const WINDOW: usize = 16 * 1024;

/// Whether the next result, in order, is there already. If not, nobody should be kept waiting for
/// this one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// It follows at once.
    Ready,
    /// It will take as long as it takes; perhaps there is none.
    Awaited,
}

/// One step: something to do, or a result that is there already.
pub(crate) enum Task<J, R> {
    Work(J),
    Done(R),
}

/// Whether those at work suffice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hands {
    Enough,
    /// One more would have something to do.
    Wanted,
}

/// Where the work is done.
pub(super) trait Workshop<J, R>: Sync {
    /// What a thread for [`Workshop::work_off`] is to be like.
    fn worker(&self) -> thread::Builder {
        thread::Builder::new()
    }
    /// Does one job on the calling thread.
    fn alone(&self, job: J) -> R;
    /// Takes a job in, for [`Workshop::work_off`]; the index comes back with its result.
    fn push(&self, index: u64, job: J) -> Hands;
    /// How many threads are worth having, where `threads` may hash.
    fn most(&self, threads: Threads) -> usize {
        threads.get()
    }
    /// Nothing more will be pushed.
    fn close(&self);
    /// Nothing that was pushed is wanted any more.
    fn stop(&self);
    /// Works on the calling thread until all is done, along with others that do the same. Results
    /// are handed over in batches: each may wake somebody.
    fn work_off(&self, finish: &dyn Fn(Vec<(u64, R)>));
}

/// Has the jobs done on up to `threads` threads, and hands the results to `emit` in the order of
/// the jobs, on the calling thread, each with the label that came with it.
///
/// No thread is started before there are two jobs, and none before it has something to do. Where
/// the system grants no threads, this one does the work.
pub(super) fn ordered<T: Send, J: Send, R: Send>(
    threads: Threads,
    jobs: impl Iterator<Item = (T, Task<J, R>)> + Send,
    workshop: &impl Workshop<J, R>,
    mut emit: impl FnMut(T, R, Next) -> ControlFlow<()>,
) {
    let mut jobs = jobs.fuse();
    let head: Vec<_> = jobs.by_ref().take(2).collect();
    let several = head.len() > 1;
    let jobs = head.into_iter().chain(jobs);
    let window = &Window::new();
    let alone = thread::scope(|scope| {
        if !several {
            return Some(jobs);
        }
        // Captures nothing that lives shorter than the scope.
        let start_worker = move || {
            window.enter();
            let work = move || {
                let _leave = Leave(window);
                let _stop = StopOnPanic(window, workshop, PhantomData);
                workshop.work_off(&|results| window.finish(results));
            };
            let started = workshop.worker().spawn_scoped(scope, work).is_ok();
            if !started {
                window.leave();
            }
            started
        };
        if !start_worker() {
            return Some(jobs);
        }
        // The jobs follow when the thread is there, so that they are not lost otherwise. They have
        // one of their own, for they walk directories and may wait for input.
        let (hand_over, handed) = bounded(1);
        window.enter();
        let issuer = move || {
            let _leave = Leave(window);
            let _stop = StopOnPanic(window, workshop, PhantomData);
            for jobs in handed {
                issue(jobs, window, workshop, threads, start_worker);
                workshop.close();
            }
        };
        if thread::Builder::new().spawn_scoped(scope, issuer).is_err() {
            window.leave();
            workshop.close();
            return Some(jobs);
        }
        let _ = hand_over.send(jobs);
        drop(hand_over);
        let _stop = StopOnPanic(window, workshop, PhantomData);
        if reorder(window, &mut emit).is_break() {
            window.end();
            workshop.stop();
        }
        None
    });
    for (label, task) in alone.into_iter().flatten() {
        let result = match task {
            Task::Work(job) => workshop.alone(job),
            Task::Done(result) => result,
        };
        if emit(label, result, Next::Awaited).is_break() {
            return;
        }
    }
}

/// Hands out the jobs, no faster than the window empties, until nobody waits for results any more.
fn issue<T, J, R>(
    jobs: impl Iterator<Item = (T, Task<J, R>)>,
    window: &Window<T, R>,
    workshop: &impl Workshop<J, R>,
    threads: Threads,
    start_worker: impl Fn() -> bool,
) {
    let mut workers = 1;
    let mut refused = false;
    for ((label, task), index) in jobs.zip(0..) {
        let (done, job) = match task {
            Task::Work(job) => (None, Some(job)),
            Task::Done(result) => (Some(result), None),
        };
        // Before the job itself, so that its result cannot overtake it.
        if window.issue(label, done).is_break() {
            return;
        }
        let Some(job) = job else { continue };
        let wanted = workshop.push(index, job) == Hands::Wanted;
        if wanted && !refused && workers < workshop.most(threads) {
            refused = !start_worker();
            workers += 1;
        }
    }
}

/// Emits what is next in order, until all who could finish something are gone.
fn reorder<T, R>(
    window: &Window<T, R>,
    emit: &mut impl FnMut(T, R, Next) -> ControlFlow<()>,
) -> ControlFlow<()> {
    // One is held back, until it is known whether the next is there.
    let mut held: Option<(T, R)> = None;
    let mut run = Vec::new();
    loop {
        window.take(&mut run);
        if run.is_empty() {
            if let Some((label, result)) = held.take() {
                emit(label, result, Next::Awaited)?;
            }
            if window.wait().is_break() {
                return ControlFlow::Continue(());
            }
        }
        for (label, result) in run.drain(..) {
            if let Some((label, result)) = held.replace((label, result)) {
                emit(label, result, Next::Ready)?;
            }
        }
    }
}

/// What was issued and is not emitted yet.
struct Window<T, R> {
    state: Mutex<State<T, R>>,
    /// The first result is there, or nobody is at work any more.
    ready: Condvar,
    /// There is room, or nobody listens any more.
    room: Condvar,
}

struct State<T, R> {
    /// In the order of issue.
    slots: VecDeque<(T, Option<R>)>,
    /// The index of the first of them.
    emitted: u64,
    /// Threads that may yet issue or finish something.
    at_work: usize,
    /// Nobody wants any more.
    ended: bool,
    /// Whether somebody sleeps until `ready` or `room`: waking costs a system call.
    awaits_ready: bool,
    awaits_room: bool,
}

impl<T, R> State<T, R> {
    fn is_ready(&self) -> bool {
        matches!(self.slots.front(), Some((_, Some(_))))
    }
}

impl<T, R> Window<T, R> {
    fn new() -> Self {
        let state = State {
            slots: VecDeque::new(),
            emitted: 0,
            at_work: 0,
            ended: false,
            awaits_ready: false,
            awaits_room: false,
        };
        Self { state: Mutex::new(state), ready: Condvar::new(), room: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State<T, R>> {
        // A thread that panicked left nothing half done here.
        lock(&self.state)
    }

    fn enter(&self) {
        self.lock().at_work += 1;
    }

    fn leave(&self) {
        let mut state = self.lock();
        state.at_work -= 1;
        if state.at_work == 0 {
            self.ready.notify_one();
        }
    }

    /// Results are not wanted any more.
    fn end(&self) {
        self.lock().ended = true;
        self.room.notify_one();
    }

    /// The next in order; waits for room. Breaks once nobody listens.
    fn issue(&self, label: T, done: Option<R>) -> ControlFlow<()> {
        let mut state = self.lock();
        while state.slots.len() >= WINDOW && !state.ended {
            state.awaits_room = true;
            state = wait(&self.room, state);
        }
        if state.ended {
            return ControlFlow::Break(());
        }
        state.slots.push_back((label, done));
        self.tell(state);
        ControlFlow::Continue(())
    }

    /// By index in the order of issue.
    fn finish(&self, results: Vec<(u64, R)>) {
        let mut state = self.lock();
        if state.ended {
            return;
        }
        let emitted = state.emitted;
        for (index, result) in results {
            state.slots[(index - emitted) as usize].1 = Some(result);
        }
        self.tell(state);
    }

    fn tell(&self, mut state: MutexGuard<'_, State<T, R>>) {
        if state.awaits_ready && state.is_ready() {
            state.awaits_ready = false;
            drop(state);
            self.ready.notify_one();
        }
    }

    /// Takes all from the first that are there.
    fn take(&self, run: &mut Vec<(T, R)>) {
        let mut state = self.lock();
        while state.is_ready() {
            if let Some((label, Some(result))) = state.slots.pop_front() {
                run.push((label, result));
            }
        }
        state.emitted += run.len() as u64;
        // Half of it at once: to be woken for each place costs more than to fill it.
        if state.awaits_room && state.slots.len() <= WINDOW / 2 {
            state.awaits_room = false;
            drop(state);
            self.room.notify_one();
        }
    }

    /// Waits for the first; breaks when there will never be one.
    fn wait(&self) -> ControlFlow<()> {
        let mut state = self.lock();
        while !state.is_ready() {
            if state.at_work == 0 {
                return ControlFlow::Break(());
            }
            state.awaits_ready = true;
            state = wait(&self.ready, state);
        }
        state.awaits_ready = false;
        ControlFlow::Continue(())
    }
}

/// Takes a thread off the window's list, also when it panics.
struct Leave<'w, T, R>(&'w Window<T, R>);

impl<T, R> Drop for Leave<'_, T, R> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Ends the work when a thread panics, so that the others end too: one result will be missing, or
/// nobody takes them any more.
struct StopOnPanic<'w, T, R, J, W: Workshop<J, R>>(&'w Window<T, R>, &'w W, PhantomData<fn(J)>);

impl<T, R, J, W: Workshop<J, R>> Drop for StopOnPanic<'_, T, R, J, W> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end();
            self.1.stop();
        }
    }
}

#[cfg(test)]
mod tests;
