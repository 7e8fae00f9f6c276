//! The answers to the questions with which senders test a receiver.

use hsum::net::form;
use hsum::sign::VerifiedRequest;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use crate::server::listen::answer::Answer;
use crate::server::listen::gate::Gate;
use crate::server::listen::provider::Handshake;

/// The longest text of a sender that is repeated to it.
const LONGEST: usize = 1024;

/// Returns the answer to the question in the query of a GET request, which is not signed; `None` if
/// there is none.
pub(crate) fn of_query(query: &str, handshake: Handshake, token: Option<&[u8]>) -> Option<Answer> {
    if query.len() > 4 * LONGEST {
        return None;
    }
    let fields = form::fields(query.as_bytes());
    let field = |name: &str| {
        let mut values = fields.iter().filter(|(title, _)| title == name).map(|(_, value)| value);
        values.next().filter(|value| value.len() <= LONGEST && values.next().is_none())
    };
    if handshake == Handshake::Dropbox
        && let Some(challenge) = field("challenge")
    {
        return Some(Answer::text("text/plain", challenge.as_bytes()));
    }
    // Meta, and WebSub (section 5.3) with a token.
    let (token, challenge) = (token?, field("hub.challenge")?);
    let is_known =
        field("hub.verify_token").is_some_and(|given| bool::from(given.as_bytes().ct_eq(token)));
    match is_known && field("hub.mode").is_some_and(|mode| mode == "subscribe") {
        true => Some(Answer::text("text/plain", challenge.as_bytes())),
        false => Some(Answer::empty(403)),
    }
}

/// Returns the answer to the question in a verified request; `None` if it is none.
pub(crate) fn of_body(
    body: &Value,
    handshake: Handshake,
    verified: &VerifiedRequest,
    gate: &Gate,
) -> Option<Answer> {
    let text = |place: &str| {
        let text = body.pointer(place)?.as_str()?;
        (text.len() <= LONGEST).then_some(text)
    };
    match handshake {
        Handshake::Slack if text("/type") == Some("url_verification") => {
            Some(Answer::text("text/plain", text("/challenge")?))
        }
        Handshake::Zoom if text("/event") == Some("endpoint.url_validation") => {
            let token = text("/payload/plainToken")?;
            // A token with a colon could be the signed content of another request.
            let is_plain =
                token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte));
            let mac = gate.sign_text(verified.key_index(), token).filter(|_| is_plain)?;
            let answer = json!({ "plainToken": token, "encryptedToken": mac });
            Some(Answer::text("application/json", answer.to_string()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str, handshake: Handshake) -> Option<(u16, Vec<u8>)> {
        of_query(query, handshake, Some(b"token")).map(|answer| (answer.status, answer.body))
    }

    #[test]
    fn a_challenge_is_answered_only_with_its_token() {
        let none = Handshake::None;
        let query = "hub.mode=subscribe&hub.challenge=17&hub.verify_token=";
        assert_eq!(asked(&format!("{query}token"), none), Some((200, b"17".to_vec())));
        assert_eq!(asked(&format!("{query}tokem"), none), Some((403, Vec::new())));
        assert_eq!(
            asked(&format!("{query}token&hub.verify_token=x"), none),
            Some((403, Vec::new()))
        );
        assert_eq!(asked("hub.challenge=17", none), Some((403, Vec::new())));
        assert_eq!(asked("challenge=17", none), None);
        assert_eq!(asked("challenge=1%3C", Handshake::Dropbox), Some((200, b"1<".to_vec())));
        assert!(of_query(query, none, None).is_none());
    }
}
