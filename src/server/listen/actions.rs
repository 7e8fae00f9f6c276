//! The actions on a verified request: save, run a command, forward.

use std::path::Path;

use hsum::sign::VerifiedRequest;

use crate::cli::colour::Status;
use crate::server::listen::answer::Answer;
use crate::server::listen::command::{CommandError, ShellCommand};
use crate::server::listen::forward::Target;
use crate::server::listen::provider::Event;
use crate::server::listen::received::Received;
use crate::server::listen::report::{Line, metadata};
use crate::server::listen::save::Directory;

/// The actions, in the order in which they run; the first that fails is the last.
#[derive(Default)]
pub(crate) struct Actions {
    pub(crate) directory: Option<Directory>,
    pub(crate) command: Option<ShellCommand>,
    pub(crate) target: Option<Target>,
}

/// The result of all actions.
#[derive(Default)]
pub(crate) struct Acted {
    /// The answer of the target, or that of a failure.
    pub(crate) answer: Option<Answer>,
    pub(crate) failure: Option<ActionFailure>,
    pub(crate) output: Option<Vec<u8>>,
    pub(crate) saved: Option<String>,
}

/// The reason why an action failed: a code, and a text.
pub(crate) struct ActionFailure {
    pub(crate) reason: &'static str,
    pub(crate) text: String,
}

/// A verified request.
pub(crate) struct Accepted<'a> {
    pub(crate) received: &'a Received,
    pub(crate) verified: &'a VerifiedRequest,
    pub(crate) event: Option<&'a Event>,
}

impl Acted {
    fn fail(&mut self, answer: Answer, reason: &'static str, text: String) {
        self.answer = Some(answer);
        self.failure = Some(ActionFailure { reason, text });
    }
}

impl Actions {
    pub(crate) fn run(&self, accepted: &Accepted<'_>) -> Acted {
        let mut acted = Acted::default();
        let steps: [fn(&Self, &Accepted<'_>, &mut Acted); 3] =
            [Self::save, Self::execute, Self::forward];
        for step in steps {
            if acted.failure.is_none() {
                step(self, accepted, &mut acted);
            }
        }
        acted
    }

    fn save(&self, accepted: &Accepted<'_>, acted: &mut Acted) {
        let Some(directory) = &self.directory else { return };
        let Accepted { received, verified, event } = *accepted;
        let mut line = Line::new(&received.arrival, Status::Ok, 0);
        line.size = Some(received.body.len());
        (line.event, line.verified) = (event, Some(verified));
        match directory.save(received, verified, &metadata(verified.scheme(), &line)) {
            Ok(name) => acted.saved = Some(name),
            Err(error) => acted.fail(Answer::empty(500), "save-failed", format!("{error:#}")),
        }
    }

    fn execute(&self, accepted: &Accepted<'_>, acted: &mut Acted) {
        let Some(command) = &self.command else { return };
        let saved = acted.saved.as_ref().zip(self.directory.as_ref());
        let saved = saved.map(|(name, directory)| directory.path().join(name));
        let ended = command.run(&accepted.received.body, &variables(accepted, saved.as_deref()));
        acted.output = Some(ended.output).filter(|output| !output.is_empty());
        if let Err(error) = ended.outcome {
            let reason = match error {
                CommandError::TimedOut(_) => "exec-timeout",
                _ => "exec-failed",
            };
            acted.fail(Answer::empty(500), reason, error.to_string());
        }
    }

    fn forward(&self, accepted: &Accepted<'_>, acted: &mut Acted) {
        let Some(target) = &self.target else { return };
        match target.forward(accepted.received) {
            Ok(answer) if (200..300).contains(&answer.status) => acted.answer = Some(answer),
            Ok(answer) => {
                let text = format!("the target answered with status {}", answer.status);
                acted.fail(answer, "forward-status", text);
            }
            Err(error) => acted.fail(Answer::empty(error.status), error.reason, error.text),
        }
    }
}

/// Returns the environment variables of the command. All are set, so that none is inherited.
fn variables(accepted: &Accepted<'_>, saved: Option<&Path>) -> Vec<(&'static str, String)> {
    let Accepted { received, verified, event } = accepted;
    let arrival = &received.arrival;
    let headers = &received.request.headers;
    let media_type = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let media_type = media_type.map(|(_, value)| String::from_utf8_lossy(value).into_owned());
    vec![
        ("HSUM_TIME", arrival.timestamp()),
        ("HSUM_PEER", arrival.peer.to_string()),
        ("HSUM_METHOD", arrival.method.clone()),
        ("HSUM_TARGET", arrival.target.clone()),
        ("HSUM_CONTENT_TYPE", media_type.unwrap_or_default()),
        ("HSUM_SIZE", received.body.len().to_string()),
        ("HSUM_SCHEME", verified.scheme().to_owned()),
        ("HSUM_KEY", verified.key_index().to_string()),
        ("HSUM_EVENT", event.map(|event| event.name.clone()).unwrap_or_default()),
        ("HSUM_TIMESTAMP", verified.timestamp().map(|time| time.to_string()).unwrap_or_default()),
        ("HSUM_ID", verified.id().unwrap_or_default().to_owned()),
        ("HSUM_REPLAY_KEY", hex::encode(verified.replay_key())),
        ("HSUM_SAVED", saved.map(|path| path.display().to_string()).unwrap_or_default()),
    ]
}
