//! What is left unanswered beyond what settings say. It has no form in C: a callback on I/O threads is none of that
//! interface's promises, and the command is the one that needs it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use tftp_proto::wire::OptionSet;

use super::Server;
use super::errors::{self, Failure};
use super::property::Access;
use tftp_serve::config::ClientFilter;

/// Which clients and which options are passed over. The default passes over nothing.
#[derive(Clone, Default)]
pub struct Restrictions {
    pub(super) clients: Option<Arc<dyn ClientFilter>>,
    pub(super) refused_options: OptionSet,
}

impl Restrictions {
    /// Answers requests only from addresses for which `admits` is true; others meet silence, without an event. It is
    /// called on I/O threads, once a request, and must not block.
    pub fn admit(&mut self, admits: impl Fn(IpAddr) -> bool + Send + Sync + 'static) {
        self.clients = Some(Arc::new(Admits(admits)));
    }

    /// Treats requests as though they had no option of this name, as in `tsize`.
    ///
    /// # Errors
    /// 905 where there is no such option; the text lists those that there are.
    pub fn refuse_option(&mut self, name: &str) -> Result<(), Failure> {
        if self.refused_options.insert(name) {
            return Ok(());
        }
        let names: Vec<&str> = OptionSet::names().collect();
        let text = format!("There is no option {name:?}; there are {}.", names.join(", "));
        Err(Failure::new(errors::INVALID_VALUE, &text))
    }
}

impl fmt::Debug for Restrictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restrictions")
            .field("clients", &self.clients.is_some())
            .field("refused_options", &self.refused_options)
            .finish()
    }
}

struct Admits<F>(F);

impl<F: Fn(IpAddr) -> bool + Send + Sync> ClientFilter for Admits<F> {
    fn admits(&self, client: IpAddr) -> bool {
        (self.0)(client)
    }
}

impl Server {
    /// Replaces the restrictions, for requests from now on; Reset takes them back.
    ///
    /// # Errors
    /// Those of a setting that is set at any time.
    pub fn restrict(&self, restrictions: Restrictions) -> Result<(), Failure> {
        self.change(Access::Always, |values| values.restrictions = restrictions)
    }
}
