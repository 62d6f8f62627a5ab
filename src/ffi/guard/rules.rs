//! Made from api/functions.toml by `make bless`; not to be edited.

use super::{Rule, rule};

/// The functions that take a handle, in ABI order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ffi) enum Call {
    Close,
    RegisterCallback,
    GetLastError,
    GetLastErrorCode,
    Get,
    Set,
    GetInt,
    SetInt,
    GetBytes,
    SetBytes,
    DoConfig,
    DoDoevents,
    DoStartlistening,
    DoStoplistening,
    DoShutdown,
    DoDisconnect,
    DoReset,
    DoInterrupt,
    GetEventFd,
    DoAccept,
    Release,
    DoHold,
    DoSupply,
    DoAbort,
    GetEventHandle,
}

/// In the order of [`Call`].
pub(super) const RULES: [Rule; 25] = [
    rule(Call::Close, "tftpserver_close", false, true),
    rule(Call::RegisterCallback, "tftpserver_register_callback", true, true),
    rule(Call::GetLastError, "tftpserver_get_last_error", true, false),
    rule(Call::GetLastErrorCode, "tftpserver_get_last_error_code", true, false),
    rule(Call::Get, "tftpserver_get", true, true),
    rule(Call::Set, "tftpserver_set", true, true),
    rule(Call::GetInt, "tftpserver_get_int", true, true),
    rule(Call::SetInt, "tftpserver_set_int", true, true),
    rule(Call::GetBytes, "tftpserver_get_bytes", true, true),
    rule(Call::SetBytes, "tftpserver_set_bytes", true, true),
    rule(Call::DoConfig, "tftpserver_do_config", true, true),
    rule(Call::DoDoevents, "tftpserver_do_doevents", false, true),
    rule(Call::DoStartlistening, "tftpserver_do_startlistening", true, true),
    rule(Call::DoStoplistening, "tftpserver_do_stoplistening", true, true),
    rule(Call::DoShutdown, "tftpserver_do_shutdown", true, true),
    rule(Call::DoDisconnect, "tftpserver_do_disconnect", true, true),
    rule(Call::DoReset, "tftpserver_do_reset", true, true),
    rule(Call::DoInterrupt, "tftpserver_do_interrupt", true, true),
    rule(Call::GetEventFd, "tftpserver_get_event_fd", true, true),
    rule(Call::DoAccept, "tftpserver_do_accept", true, true),
    rule(Call::Release, "tftpserver_release", true, true),
    rule(Call::DoHold, "tftpserver_do_hold", true, true),
    rule(Call::DoSupply, "tftpserver_do_supply", true, true),
    rule(Call::DoAbort, "tftpserver_do_abort", true, true),
    rule(Call::GetEventHandle, "tftpserver_get_event_handle", true, true),
];
