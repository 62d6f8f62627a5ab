//! Rights that are missing once root's are given up. They are checked at the start, so that nothing
//! fails later, as at the first reload.

use std::fs::File;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;

use crate::cli::Serve;
use crate::config::{self, Plan};
use crate::exit::{Code, Failure};
use crate::system::access;
use crate::system::user::Identity;
use crate::text;

/// Fails where no transfer could succeed; otherwise returns a warning for each thing that will fail
/// later. Called as the new user.
pub fn left(user: &Identity, asked: &Serve, plan: &Plan) -> Result<Vec<String>, Failure> {
    let shown = user.shown();
    config::directory(Some(&plan.dir)).map_err(|failure| {
        let what = format!(
            "{}; running as {shown}: give that user access, or choose another one with --user",
            failure.text
        );
        Failure::new(failure.code, what)
    })?;
    transfer_ports(user, plan)?;
    let mut remarks = user.remark().into_iter().collect::<Vec<_>>();
    let files = [
        ("--config", asked.config.as_deref()),
        ("--map", plan.options.map.as_deref()),
    ];
    for (option, path) in files {
        let read = path.map(|path| (path, File::open(path)));
        if let Some((path, Err(error))) = read {
            remarks.push(unreadable(option, path, &error, shown));
        }
    }
    let takes_uploads = plan.options.create && !plan.options.read_only;
    if takes_uploads && !access::can_create_in(&plan.dir) {
        remarks.push(format!(
            "{}: {shown} cannot create files here, so that uploads of new files fail; change its owner, or choose \
             another user with --user",
            plan.dir.display()
        ));
    }
    Ok(remarks)
}

fn unreadable(option: &str, path: &Path, error: &std::io::Error, shown: &str) -> String {
    format!(
        "{option} {}: {} for {shown}, so that SIGHUP cannot reload it; give that user access, or choose another \
         one with --user",
        path.display(),
        text::system(error)
    )
}

/// Transfers bind ports of their own later: those below 1024 take a right.
fn transfer_ports(user: &Identity, plan: &Plan) -> Result<(), Failure> {
    let Some(ports) = &plan.options.transfer_ports else {
        return Ok(());
    };
    let first = ports
        .split('-')
        .next()
        .and_then(|first| first.trim().parse::<u16>().ok());
    let bound = first.map(|first| UdpSocket::bind((Ipv4Addr::LOCALHOST, first)));
    match bound {
        Some(Err(error)) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            let what = format!(
                "--transfer-ports {ports}: {} for {}; take ports from 1024 up",
                text::system(&error),
                user.shown()
            );
            Err(Failure::new(Code::NoPermission, what))
        }
        _ => Ok(()),
    }
}
