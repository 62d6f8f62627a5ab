//! `tftpserver service`: the command as a Windows service.

use std::ffi::OsString;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use clap::Subcommand;
use windows_service::service::{
    ServiceAccess, ServiceAction, ServiceActionType, ServiceControl, ServiceErrorControl,
    ServiceFailureActions, ServiceFailureResetPeriod, ServiceInfo, ServiceStartType, ServiceState,
    ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_service::{define_windows_service, service_dispatcher};

use super::super::ControlRequest;
use super::{service_log, service_manager, signals};
use crate::cli::Serve;
use crate::exit::{Code, Failure};
use crate::output;

const NAME: &str = "tftpserver";
/// An account with few privileges, which needs no password.
const ACCOUNT: &str = r"NT AUTHORITY\LocalService";
/// The words before the options, in the command line that the service manager keeps.
const WORDS: [&str; 2] = ["service", "run"];

/// The subcommands of `tftpserver service`.
#[derive(Debug, Subcommand)]
pub enum Service {
    /// Install a service that serves with these options; paths must be absolute. Needs an
    /// administrator
    Install(Box<Serve>),
    /// Stop the service and remove it. Needs an administrator
    Remove,
    /// Serve as a service: for the service manager, which calls it
    #[command(hide = true)]
    Run(Box<Serve>),
}

/// The options of the service that runs.
static ASKED: OnceLock<Serve> = OnceLock::new();

/// Executes the command.
pub fn run(asked: &Service) -> Result<Code, Failure> {
    match asked {
        Service::Install(serve) => install(serve),
        Service::Remove => remove(),
        Service::Run(serve) => {
            ASKED.get_or_init(|| Serve::clone(serve));
            service_dispatcher::start(NAME, ffi_service_main).map_err(|error| {
                let what = "only the service manager runs this: install the service, and start it with sc start tftpserver";
                failed(what, &error)
            })?;
            Ok(Code::Done)
        }
    }
}

fn install(serve: &Serve) -> Result<Code, Failure> {
    check_paths(serve)?;
    // A service has no console on which it could report a wrong configuration.
    crate::serve::validate(serve)?;
    let manager =
        ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CREATE_SERVICE);
    let manager = manager.map_err(|error| failed("no service can be installed", &error))?;
    let executable_path = std::env::current_exe().map_err(|error| {
        Failure::new(Code::System, format!("the path of this program: {error}"))
    })?;
    // The options as they were given, after "service install".
    let options = std::env::args_os().skip(1 + WORDS.len());
    let info = ServiceInfo {
        name: NAME.into(),
        display_name: "TFTP server".into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path,
        launch_arguments: WORDS.iter().map(OsString::from).chain(options).collect(),
        dependencies: Vec::new(),
        account_name: Some(ACCOUNT.into()),
        account_password: None,
    };
    let service = manager
        .create_service(&info, ServiceAccess::CHANGE_CONFIG | ServiceAccess::START)
        .map_err(|error| failed("the service cannot be installed", &error))?;
    // The service runs without these, too.
    let _ = service.set_description("Serves a directory by TFTP");
    let _ = restart_after_failures(&service);
    let _ = service_log::prepare();
    output::say(
        "the service tftpserver is installed; sc start tftpserver starts it now, Windows at its next start",
    );
    Ok(Code::Done)
}

/// Lets the service manager start a service again that has ended by a failure: three times within a
/// day, because a wrong configuration stays wrong.
fn restart_after_failures(
    service: &windows_service::service::Service,
) -> windows_service::Result<()> {
    let action = |action_type, delay| ServiceAction { action_type, delay };
    let restart = |seconds| action(ServiceActionType::Restart, Duration::from_secs(seconds));
    let never = action(ServiceActionType::None, Duration::ZERO);
    service.update_failure_actions(ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(Duration::from_secs(24 * 60 * 60)),
        reboot_msg: None,
        command: None,
        actions: Some(vec![restart(5), restart(30), restart(60), never]),
    })?;
    // Also after an exit code, such as that of an address that another program has.
    service.set_failure_actions_on_non_crash_failures(true)
}

/// Rejects options with which nothing is served, and relative paths: a service starts in the
/// system's directory, where they would name other files.
fn check_paths(serve: &Serve) -> Result<(), Failure> {
    if serve.check_config || serve.explain.is_some() {
        let what =
            "--check-config and --explain serve nothing: use them without \"service install\"";
        return Err(Failure::new(Code::Usage, what));
    }
    let options = &serve.options;
    let mut paths = [
        options.dir.as_deref(),
        serve.config.as_deref(),
        options.map.as_deref(),
    ]
    .into_iter()
    .flatten();
    if let Some(relative) = paths.find(|path: &&Path| !path.is_absolute()) {
        let what = format!("{}: name the whole path, as in C:\\tftp", relative.display());
        return Err(Failure::new(Code::Usage, what));
    }
    if options.dir.is_none() && serve.config.is_none() {
        let what = r"name the directory that is served, as in: tftpserver service install C:\tftp";
        return Err(Failure::new(Code::Usage, what));
    }
    Ok(())
}

fn remove() -> Result<Code, Failure> {
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT);
    let manager = manager.map_err(|error| failed("no service can be removed", &error))?;
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::STOP | ServiceAccess::DELETE;
    let service = manager
        .open_service(NAME, access)
        .map_err(|error| failed("there is no service tftpserver that can be removed", &error))?;
    let state = service.query_status().map(|status| status.current_state);
    if !matches!(state, Ok(ServiceState::Stopped | ServiceState::StopPending)) {
        service
            .stop()
            .map_err(|error| failed("the service cannot be stopped", &error))?;
    }
    service
        .delete()
        .map_err(|error| failed("the service cannot be removed", &error))?;
    output::say("the service tftpserver is removed, as soon as it has stopped");
    Ok(Code::Done)
}

fn failed(what: &str, error: &windows_service::Error) -> Failure {
    let (code, why) = match error {
        windows_service::Error::Winapi(error) => (
            match error.kind() {
                std::io::ErrorKind::PermissionDenied => Code::NoPermission,
                _ => Code::System,
            },
            error.to_string(),
        ),
        error => (Code::System, error.to_string()),
    };
    Failure::new(code, format!("{what}: {why}"))
}

define_windows_service!(ffi_service_main, service_main);

/// Runs the service, on a thread of the service manager.
fn service_main(_: Vec<OsString>) {
    let Some(asked) = ASKED.get() else { return };
    let registered = service_control_handler::register(NAME, |control| match control {
        ServiceControl::Stop => {
            signals::pass(ControlRequest::End);
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Shutdown => {
            signals::end_soon();
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::ParamChange => {
            signals::pass(ControlRequest::Reload);
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    });
    let Ok(manager) = registered else { return };
    service_manager::begin(manager);
    service_manager::ended(match crate::serve::run(asked) {
        Ok(code) => code,
        Err(failure) => {
            let code = failure.code;
            failure.report();
            code
        }
    });
}
