//! The operator's actions, in order.

use super::plan::Plan;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    Stop,
    Resume,
    Shutdown,
    Crash,
    Restart,
    Pause,
}

/// Returns all actions of a plan with their times.
pub fn orders(plan: &Plan) -> Vec<(u64, Order)> {
    let operator = &plan.operator;
    let mut orders = Vec::new();
    let mut add = |at: Option<u64>, order| orders.extend(at.map(|at| (at, order)));
    add(operator.stop_at, Order::Stop);
    add(
        operator
            .stop_at
            .zip(operator.resume_after)
            .map(|(at, after)| at + after),
        Order::Resume,
    );
    add(operator.shutdown_at, Order::Shutdown);
    add(operator.crash_at, Order::Crash);
    add(
        operator.crash_at.map(|at| at + operator.restart_after),
        Order::Restart,
    );
    add(operator.pause_at, Order::Pause);
    orders.sort_unstable();
    orders
}
