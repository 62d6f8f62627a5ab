//! Reports the state of this process to the service manager, if it is a service.

use std::net::UdpSocket;
use std::sync::OnceLock;
use std::time::Duration;

use windows_service::service::{
    ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::ServiceStatusHandle;

use crate::exit::{Code, Failure};

/// The time that the service manager waits for an announced state. Transfers have --grace seconds to finish.
const PATIENCE: Duration = Duration::from_secs(120);

static MANAGER: OnceLock<ServiceStatusHandle> = OnceLock::new();

/// Marks this process as a service that is starting.
pub fn begin(manager: ServiceStatusHandle) {
    if MANAGER.set(manager).is_ok() {
        report(ServiceState::StartPending, ServiceExitCode::NO_ERROR);
    }
}

/// Reports that the service has ended; any code but 0 is reported as service-specific.
pub fn ended(code: Code) {
    let code = match code {
        Code::Done => ServiceExitCode::NO_ERROR,
        code => ServiceExitCode::ServiceSpecific(code as u32),
    };
    report(ServiceState::Stopped, code);
}

fn report(state: ServiceState, exit_code: ServiceExitCode) {
    let Some(manager) = MANAGER.get() else { return };
    let accepted =
        ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN | ServiceControlAccept::PARAM_CHANGE;
    let is_pending = matches!(state, ServiceState::StartPending | ServiceState::StopPending);
    let told = manager.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state: state,
        controls_accepted: match state {
            ServiceState::Running => accepted,
            _ => ServiceControlAccept::empty(),
        },
        exit_code,
        checkpoint: 0,
        wait_hint: if is_pending { PATIENCE } else { Duration::ZERO },
        process_id: None,
    });
    if let Err(error) = told {
        tracing::warn!(%error, "the service manager could not be told");
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

pub fn ready(_: &[String]) {
    report(ServiceState::Running, ServiceExitCode::NO_ERROR);
}

pub fn reloading() {}

pub fn reloaded() {}

pub fn stopping() {
    report(ServiceState::StopPending, ServiceExitCode::NO_ERROR);
}
