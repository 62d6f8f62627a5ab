//! Reports the state of this process to the service manager, if it is a service.

use std::net::UdpSocket;
use std::sync::OnceLock;
use std::time::Duration;

use windows_service::service::{
    ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::ServiceStatusHandle;

use super::service_log;
use crate::exit::{Code, Failure};

/// The time in which the service manager expects the server to listen.
const START: Duration = Duration::from_secs(120);

/// The time beyond --grace in which the service manager expects the service to end.
const END: Duration = Duration::from_secs(30);

static MANAGER: OnceLock<ServiceStatusHandle> = OnceLock::new();

/// Marks this process as a service that is starting. Its log begins.
pub fn begin(manager: ServiceStatusHandle) {
    if MANAGER.set(manager).is_ok() {
        service_log::begin();
        report(ServiceState::StartPending, ServiceExitCode::NO_ERROR, START);
    }
}

/// Reports that the service has ended; any code but 0 is reported as service-specific.
pub fn ended(code: Code) {
    let code = match code {
        Code::Done => ServiceExitCode::NO_ERROR,
        code => ServiceExitCode::ServiceSpecific(code as u32),
    };
    report(ServiceState::Stopped, code, Duration::ZERO);
}

/// Reports a state. `wait_hint`: the time in which the next one follows, if this one is pending.
fn report(state: ServiceState, exit_code: ServiceExitCode, wait_hint: Duration) {
    let Some(manager) = MANAGER.get() else { return };
    let accepted = ServiceControlAccept::STOP
        | ServiceControlAccept::SHUTDOWN
        | ServiceControlAccept::PARAM_CHANGE;
    let told = manager.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state: state,
        controls_accepted: match state {
            ServiceState::Running => accepted,
            _ => ServiceControlAccept::empty(),
        },
        exit_code,
        checkpoint: 0,
        wait_hint,
        process_id: None,
    });
    if let Err(error) = told {
        tracing::warn!(%error, "the service manager could not be notified");
    }
}

/// Returns no sockets: none are passed on this system.
pub fn inherited() -> Result<Vec<UdpSocket>, Failure> {
    Ok(Vec::new())
}

/// Returns true if this process is a service.
pub fn is_there() -> bool {
    MANAGER.get().is_some()
}

/// Writes lines of output to the log of the service. Returns false if this process is none.
pub fn keep(lines: &[u8]) -> bool {
    service_log::write(lines)
}

pub fn ready(_: &[String]) {
    report(ServiceState::Running, ServiceExitCode::NO_ERROR, Duration::ZERO);
}

pub fn reloading() {}

pub fn reloaded() {}

/// Reports that transfers have the time `grace` to finish.
pub fn stopping(grace: Duration) {
    report(ServiceState::StopPending, ServiceExitCode::NO_ERROR, grace + END);
}
