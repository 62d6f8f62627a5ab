//! The map: rules that rewrite names, in the language of in.tftpd's --map-file (tftp-hpa).
//!
//! A line is an operation (letters), a regular expression and, with `r`, a replacement. `#` begins
//! a comment. Rules are worked through from the top; without `e` or `a` all of them.

use std::path::Path;

use regex::{Regex, RegexBuilder};
use tftp_serve::names;

use super::RequestedName;
use super::expand::Replacement;
use super::posix;
use crate::exit::{Code, Failure};

/// So many rules are carried out for one name: rules that never come to an end refuse the request,
/// as in.tftpd does.
const STEPS: usize = 1024;
/// A name that grows beyond this is refused; the library looks up none that is longer.
const MAX_BYTES: usize = 4095;

/// Rules, in their order.
#[derive(Clone, Debug)]
pub struct Map {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    /// Its line in the file, from 1 on.
    line: usize,
    operation: Flags,
    pattern: Regex,
    replacement: Replacement,
}

/// The letters of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flags {
    rewrite: bool,
    repeat: bool,
    ignore_case: bool,
    end: bool,
    start_over: bool,
    refuse: bool,
    reads_only: bool,
    writes_only: bool,
    ipv4_only: bool,
    ipv6_only: bool,
    inverse: bool,
}

/// Where processing continues after a rule.
enum Next {
    Rule,
    First,
    End,
}

impl Map {
    /// Reads a file of rules.
    pub fn read(path: &Path) -> Result<Map, Failure> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            let what = format!(
                "{shown}: {error}; check the path given with --map, and that this user may read it"
            );
            Failure::new(Code::NoInput, what)
        })?;
        Map::parse(&shown, &names::from_written(&bytes))
            .map_err(|what| Failure::new(Code::Config, what))
    }

    /// Parses rules; an error names its line.
    pub fn parse(shown: &str, text: &str) -> Result<Map, String> {
        let mut rules = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let number = number + 1;
            let rule =
                parse_rule(number, line).map_err(|what| format!("{shown}:{number}: {what}"))?;
            rules.extend(rule);
        }
        Ok(Map { rules })
    }

    /// Applies the rules to a requested name. `Err`: the request is refused, with the reason.
    /// `note` is called for each rule that matches, with its line and the resulting name.
    pub fn apply(
        &self,
        asked: RequestedName<'_>,
        note: &mut dyn FnMut(usize, &str),
    ) -> Result<String, String> {
        let mut name = asked.name.to_owned();
        let (mut at, mut steps) = (0, STEPS);
        while let Some(rule) = self.rules.get(at) {
            let before = steps;
            let next = rule.carry_out(&mut name, asked, &mut steps);
            // A rule that matches takes a step.
            if steps != before {
                note(rule.line, &name);
            }
            at = match next? {
                Next::Rule => at + 1,
                Next::First => 0,
                Next::End => break,
            };
        }
        Ok(name)
    }
}

impl Rule {
    fn carry_out(
        &self,
        name: &mut String,
        asked: RequestedName<'_>,
        steps: &mut usize,
    ) -> Result<Next, String> {
        let operation = self.operation;
        if !operation.applies(asked) || self.pattern.is_match(name) == operation.inverse {
            return Ok(Next::Rule);
        }
        if operation.rewrite {
            self.rewrite(name, asked, steps)?;
        }
        *steps = steps
            .checked_sub(1)
            .ok_or("the rules of the map never come to an end")?;
        match operation {
            Flags { refuse: true, .. } => Err("refused by a rule of the map".to_owned()),
            Flags {
                start_over: true, ..
            } => Ok(Next::First),
            Flags { end: true, .. } => Ok(Next::End),
            _ => Ok(Next::Rule),
        }
    }

    /// Replaces what matches; with `g` until nothing does any more.
    fn rewrite(
        &self,
        name: &mut String,
        asked: RequestedName<'_>,
        steps: &mut usize,
    ) -> Result<(), String> {
        while let Some(found) = self.pattern.captures(name) {
            *steps = steps
                .checked_sub(1)
                .ok_or("a rule of the map never comes to an end")?;
            let rewritten = self.replacement.expand(name, &found, asked.ip);
            if rewritten.len() > MAX_BYTES {
                return Err("a rule of the map makes the name too long".to_owned());
            }
            *name = rewritten;
            if !self.operation.repeat {
                break;
            }
        }
        Ok(())
    }
}

impl Flags {
    fn parse(letters: &str) -> Result<Flags, String> {
        let mut operation = Flags::default();
        for letter in letters.chars() {
            let flag = match letter {
                'r' => &mut operation.rewrite,
                'g' => &mut operation.repeat,
                'i' => &mut operation.ignore_case,
                'e' => &mut operation.end,
                's' => &mut operation.start_over,
                'a' => &mut operation.refuse,
                'G' => &mut operation.reads_only,
                'P' => &mut operation.writes_only,
                '4' => &mut operation.ipv4_only,
                '6' => &mut operation.ipv6_only,
                '~' => &mut operation.inverse,
                other => {
                    return Err(format!(
                        "there is no operation {other:?}; r g i e s a G P 4 6 ~ are known"
                    ));
                }
            };
            *flag = true;
        }
        if operation.rewrite && operation.inverse {
            return Err(
                "r and ~ don't go together: what does not match can't be replaced".to_owned()
            );
        }
        if operation.repeat && !operation.rewrite {
            return Err("g says how often r replaces, and there is no r".to_owned());
        }
        Ok(operation)
    }

    fn applies(self, asked: RequestedName<'_>) -> bool {
        let is_ipv4 = asked.ip.to_canonical().is_ipv4();
        !(self.reads_only && asked.is_write
            || self.writes_only && !asked.is_write
            || self.ipv4_only && !is_ipv4
            || self.ipv6_only && is_ipv4)
    }
}

/// One line; `None` for one that holds no rule.
fn parse_rule(number: usize, line: &str) -> Result<Option<Rule>, String> {
    let (letters, rest) = field(line);
    if letters.is_empty() {
        return Ok(None);
    }
    let operation = Flags::parse(letters)?;
    let (pattern, rest) = field(rest);
    if pattern.is_empty() {
        return Err("a regular expression is expected after the operation".to_owned());
    }
    let (replacement, rest) = field(rest);
    if !replacement.is_empty() && !operation.rewrite {
        return Err("only r has a replacement; a space in an expression is written \\ ".to_owned());
    }
    let (left, _) = field(rest);
    if !left.is_empty() {
        return Err(format!(
            "{left:?} is too much; a space in a replacement is written \\ "
        ));
    }
    let pattern = RegexBuilder::new(&posix::translate(pattern)?)
        .case_insensitive(operation.ignore_case)
        .build()
        .map_err(|error| format!("{pattern}: {}", last_line(&error)))?;
    let replacement = Replacement::parse(replacement, pattern.captures_len())?;
    Ok(Some(Rule {
        line: number,
        operation,
        pattern,
        replacement,
    }))
}

/// Returns the last line of a regex error, which has the reason; the lines before show the
/// position.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned()
}

/// The next word of a line, and what follows it. A backslash keeps its character in the word, and
/// stays.
fn field(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '#' => return (&line[..at], ""),
            c if c.is_whitespace() => return line.split_at(at),
            _ => {}
        }
    }
    (line, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(map: &str, name: &str) -> Result<String, String> {
        asked(map, name, "192.0.2.169", false)
    }

    fn asked(map: &str, name: &str, ip: &str, is_write: bool) -> Result<String, String> {
        let map = Map::parse("rules", map).unwrap_or_else(|error| panic!("{error}"));
        let asked = RequestedName {
            name,
            ip: ip.parse().unwrap(),
            is_write,
        };
        map.apply(asked, &mut |_, _| {})
    }

    fn becomes(map: &str, name: &str, wanted: &str) {
        assert_eq!(applied(map, name).as_deref(), Ok(wanted), "{map}: {name}");
    }

    fn wrong(map: &str) -> String {
        Map::parse("rules", map).unwrap_err()
    }

    /// The operations of the examples in Debian's and Fedora's packages of tftp-hpa.
    #[test]
    fn the_rules_of_windows_deployment() {
        let map = "# DOS names\n\
            rg \\\\ /        # Convert backslashes to slashes\n\
            r ^[^/] /srv/tftp/\\0   # Convert non-absolute files\n\
            a \\.pvt$         # Reject requests for private files\n";
        becomes(map, "boot\\x64\\wdsnbp.com", "/srv/tftp/boot/x64/wdsnbp.com");
        becomes(map, "/boot/bcd", "/boot/bcd");
        assert!(applied(map, "keys\\a.pvt").is_err());
    }

    /// A directory for each client, as a container image for in.tftpd recommends it.
    #[test]
    fn the_rules_of_a_jail_for_each_client() {
        let map = "rg \\\\ /\nr ^[^/] /\\0\na ^/private/\na \\.pvt$\ne ^/public/\nr ^ \\i/";
        becomes(map, "public\\x", "/public/x");
        becomes(map, "x", "192.0.2.169//x");
        assert!(applied(map, "private/x").is_err());
    }

    /// OpenStack's containers: a group that is none, and an anchor twice.
    #[test]
    fn the_rules_of_openstack() {
        let map = "re ^(/pxe/tftpboot/) /pxe/tftpboot/\\2\nre ^/pxe/tftpboot/ /pxe/tftpboot/\n\
            re ^(^/) /pxe/tftpboot/\\1\nre ^([^/]) /pxe/tftpboot/\\1";
        becomes(map, "/pxe/tftpboot/a", "/pxe/tftpboot/a");
        becomes(map, "/a", "/pxe/tftpboot//a");
        becomes(map, "a", "/pxe/tftpboot/a");
    }

    /// Case as Windows has it, and a file a client.
    #[test]
    fn case_and_addresses() {
        becomes("r ^(.*)$ \\L\\1", "BOOT/Fonts/WGL4.TTF", "boot/fonts/wgl4.ttf");
        becomes("r ([a-z]+)$ \\U\\1\\E.IMG", "dir/kernel", "dir/KERNEL.IMG");
        becomes("re ^config$ hosts/\\i.cfg", "config", "hosts/192.0.2.169.cfg");
        becomes("r ^config$ \\x", "config", "C00002A9");
        let six = asked("r ^c$ \\i-\\x", "c", "2001:db8::1", false);
        assert_eq!(six.as_deref(), Ok("2001:db8::1-20010DB8000000000000000000000001"));
    }

    #[test]
    fn a_client_of_a_dual_stack_socket_is_ipv4() {
        assert_eq!(
            asked("r4 x \\i", "x", "::ffff:192.0.2.7", false).as_deref(),
            Ok("192.0.2.7")
        );
    }

    #[test]
    fn replacing() {
        becomes("r o 0", "foo", "f0o");
        becomes("rg o 0", "foo", "f00");
        becomes("r (a)(b) [\\2\\1\\0]", "xaby", "x[baab]y");
        becomes("r ^/tftpboot/", "/tftpboot/a", "a");
        becomes("r x a\\ b\\#\\\\c", "x", "a b#\\c");
        becomes("ri ABC d", "xabc", "xd");
        becomes("r ABC d", "xabc", "xabc");
    }

    #[test]
    fn order() {
        becomes("r a b\nr b c", "a", "c");
        becomes("re a b\nr b c", "a", "b");
        becomes("r b c\nrs a b", "a", "c");
        becomes("e ^keep\nr k K", "keep", "keep");
        becomes("~e ^x\nr a b", "xa", "xb");
        becomes("~e ^x\nr a b", "a", "a");
    }

    #[test]
    fn directions_and_families_of_rules() {
        let reads_and_writes = |map| {
            let read = asked(map, "f", "192.0.2.1", false).is_ok();
            (read, asked(map, "f", "192.0.2.1", true).is_ok())
        };
        assert_eq!(reads_and_writes("aP ."), (true, false));
        assert_eq!(reads_and_writes("aG ."), (false, true));
        assert_eq!(reads_and_writes("a~ ^g"), (false, false));
        let families = |map| {
            let four = asked(map, "f", "192.0.2.1", false).is_ok();
            (four, asked(map, "f", "2001:db8::1", false).is_ok())
        };
        assert_eq!(families("a4 ."), (false, true));
        assert_eq!(families("a6 ."), (true, false));
    }

    #[test]
    fn endless_rules_are_refused() {
        for map in ["rg a aa", "rs a ba", "s a", "rg ^ x"] {
            assert!(applied(map, "a").is_err(), "{map}");
        }
    }

    #[test]
    fn errors_name_their_line() {
        for (map, word) in [
            ("\n# c\nx a b", "rules:3: there is no operation 'x'"),
            ("r", "rules:1: a regular expression"),
            ("r (a b", "rules:1: (a: "),
            ("a x y", "only r has a replacement"),
            ("r a b c", "\"c\" is too much"),
            ("r~ a b", "don't go together"),
            ("g a", "there is no r"),
            ("r (a) \\3", "rules:1: "),
            ("r (a)\\1 b", "refers back"),
        ] {
            let what = wrong(map);
            assert!(what.contains(word), "{map:?}: {what}");
            assert_eq!(what.lines().count(), 1);
        }
    }
}
