//! The table of what senders of a scheme expect beyond its signature.

use hsum::net::form;
use serde_json::Value;

use crate::cli::sign::request::Request;
use crate::server::listen::json;

/// The habits of the senders of a scheme.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Provider {
    scheme: &'static str,
    /// The places of the fields that the scheme signs: name and JSON pointer. Fields of a form are
    /// always read.
    fields: &'static [(&'static str, &'static str)],
    /// Set if a field that is absent is signed as an empty text.
    has_empty_fields: bool,
    /// The place of a list of which only one item is read; a longer one is refused.
    list: Option<&'static str>,
    /// The places of the event's name, the first that exists.
    events: &'static [Place],
    /// The question with which a sender tests the receiver.
    pub(crate) handshake: Handshake,
    /// The methods of requests besides POST. The signature must cover them.
    pub(crate) methods: &'static [&'static str],
    /// The media type and body of the answer to a verified request.
    pub(crate) answer: (&'static str, &'static str),
}

/// A place in a request.
#[derive(Clone, Copy, Debug)]
enum Place {
    Header(&'static str),
    /// A JSON pointer (RFC 6901).
    Json(&'static str),
    /// A field of a form.
    Field(&'static str),
}

/// A question with which a sender tests the receiver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Handshake {
    None,
    /// Slack: a signed request of the type `url_verification`, answered with its `challenge`.
    Slack,
    /// Zoom: a signed event `endpoint.url_validation`, answered with the MAC of its `plainToken`.
    Zoom,
    /// Dropbox: a GET request, not signed, answered with its parameter `challenge`.
    Dropbox,
}

/// The name of an event, and whether the signature covers it.
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) is_in_body: bool,
}

/// The longest name of an event, in characters: it is for people.
const LONGEST_EVENT: usize = 64;

const BASE: Provider = Provider {
    scheme: "",
    fields: &[],
    has_empty_fields: false,
    list: None,
    events: &[Place::Json("/type"), Place::Json("/event"), Place::Json("/object")],
    handshake: Handshake::None,
    methods: &[],
    answer: ("", ""),
};

/// The methods of schemes for APIs, whose signature covers the method.
const API_METHODS: &[&str] = &["GET", "PUT", "PATCH", "DELETE"];

/// The place of the only notification in Adyen's list.
macro_rules! adyen {
    ($rest:literal) => {
        concat!("/notificationItems/0/NotificationRequestItem", $rest)
    };
}

const PROVIDERS: &[Provider] = &[
    Provider {
        scheme: "github",
        // Meta has GitHub's signature, and 'object' instead of a header.
        events: &[Place::Header("x-github-event"), Place::Json("/object")],
        ..BASE
    },
    Provider {
        scheme: "slack",
        events: &[Place::Json("/event/type"), Place::Json("/type"), Place::Field("command")],
        handshake: Handshake::Slack,
        ..BASE
    },
    Provider { scheme: "zoom", handshake: Handshake::Zoom, ..BASE },
    Provider {
        scheme: "gitlab",
        events: &[Place::Header("x-gitlab-event"), Place::Json("/object_kind")],
        ..BASE
    },
    Provider { scheme: "shopify", events: &[Place::Header("x-shopify-topic")], ..BASE },
    Provider { scheme: "dropbox", handshake: Handshake::Dropbox, ..BASE },
    Provider { scheme: "paddle", events: &[Place::Json("/event_type")], ..BASE },
    Provider {
        scheme: "twilio",
        events: &[
            Place::Field("MessageStatus"),
            Place::Field("CallStatus"),
            Place::Field("SmsStatus"),
        ],
        // Twilio reads instructions from the answer: these are none.
        answer: ("text/xml", "<Response/>"),
        ..BASE
    },
    Provider {
        scheme: "mailgun",
        fields: &[
            ("timestamp", "/signature/timestamp"),
            ("token", "/signature/token"),
            ("signature", "/signature/signature"),
        ],
        events: &[Place::Json("/event-data/event"), Place::Field("event")],
        ..BASE
    },
    Provider {
        scheme: "adyen",
        fields: &[
            ("pspReference", adyen!("/pspReference")),
            ("originalReference", adyen!("/originalReference")),
            ("merchantAccountCode", adyen!("/merchantAccountCode")),
            ("merchantReference", adyen!("/merchantReference")),
            ("amount.value", adyen!("/amount/value")),
            ("amount.currency", adyen!("/amount/currency")),
            ("eventCode", adyen!("/eventCode")),
            ("success", adyen!("/success")),
            ("hmacSignature", adyen!("/additionalData/hmacSignature")),
        ],
        has_empty_fields: true,
        list: Some("/notificationItems"),
        events: &[Place::Json(adyen!("/eventCode")), Place::Field("eventCode")],
        // Accounts from before 2023 repeat a notification until they read this text.
        answer: ("text/plain", "[accepted]"),
        ..BASE
    },
    Provider { scheme: "template", methods: API_METHODS, ..BASE },
    Provider { scheme: "sigv4", methods: API_METHODS, ..BASE },
    Provider { scheme: "rfc9421", methods: API_METHODS, ..BASE },
];

impl Provider {
    /// Returns the provider with the habits of a scheme's senders.
    pub(crate) fn of(scheme: &str) -> Self {
        PROVIDERS.iter().find(|row| row.scheme == scheme).copied().unwrap_or(BASE)
    }

    /// Returns the parameters of a request: the fields of a form, or those of a JSON body that the
    /// scheme signs. `None` if the body is not in the format that its headers name.
    pub(crate) fn params(&self, request: &Request, body: &[u8]) -> Option<Vec<(String, String)>> {
        if is_form(request) {
            return fields(body);
        }
        if self.fields.is_empty() || body.is_empty() {
            return Some(Vec::new());
        }
        let value = json::parse(body)?;
        if self.list.is_some_and(|place| items(&value, place) != 1) {
            return None;
        }
        let field = |(name, place): &(&str, &str)| {
            let value = value.pointer(place).and_then(text);
            let value = value.or_else(|| self.has_empty_fields.then(String::new))?;
            Some(((*name).to_owned(), value))
        };
        Some(self.fields.iter().filter_map(field).collect())
    }

    /// Returns the name of the event, if the request has one.
    pub(crate) fn event(&self, request: &Request, body: Option<&Value>) -> Option<Event> {
        let found = |place: &Place| {
            let (text, is_in_body) = match place {
                Place::Header(name) => (header(request, name)?, false),
                Place::Json(pointer) => (body?.pointer(pointer)?.as_str()?.to_owned(), true),
                Place::Field(name) => {
                    let param = request.params.iter().find(|(title, _)| title == name);
                    (param?.1.clone(), true)
                }
            };
            let name: String = text.chars().take(LONGEST_EVENT).collect();
            (!name.is_empty()).then_some(Event { name, is_in_body })
        };
        self.events.iter().find_map(found)
    }
}

fn header(request: &Request, name: &str) -> Option<String> {
    let (_, value) = request.headers.iter().find(|(title, _)| title.eq_ignore_ascii_case(name))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Returns `true` if the body is a form as browsers send it.
pub(crate) fn is_form(request: &Request) -> bool {
    let value = header(request, "content-type").unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(form::URLENCODED)
}

/// The most fields of a form, and the longest form: anyone can send one.
const MAX_FIELDS: usize = 4096;
const LONGEST_FORM: usize = 1 << 20;

fn fields(body: &[u8]) -> Option<Vec<(String, String)>> {
    let count = body.iter().filter(|&&byte| byte == b'&').count() + 1;
    (count <= MAX_FIELDS && body.len() <= LONGEST_FORM).then(|| form::fields(body))
}

/// Returns the number of items of the list at `place`.
fn items(value: &Value, place: &str) -> usize {
    value.pointer(place).and_then(Value::as_array).map_or(0, Vec::len)
}

/// Returns a value as it is signed: a text, or a number or truth value as written.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use hsum::sign::SchemeInfo;

    use super::*;

    fn request(header: (&str, &str)) -> Request {
        Request {
            method: "POST".into(),
            url: String::new(),
            headers: vec![(header.0.into(), header.1.into())],
            params: Vec::new(),
        }
    }

    #[test]
    fn rows_belong_to_schemes() {
        for row in PROVIDERS {
            assert!(SchemeInfo::ALL.iter().any(|info| info.name == row.scheme), "{}", row.scheme);
        }
    }

    #[test]
    fn signed_fields_come_from_json_or_a_form() {
        let mailgun = Provider::of("mailgun");
        let expected =
            vec![("timestamp".to_owned(), "17".to_owned()), ("token".into(), "x".into())];
        let json = request(("content-type", "application/json"));
        let body = br#"{"signature":{"timestamp":17,"token":"x"}}"#;
        assert_eq!(mailgun.params(&json, body), Some(expected.clone()));
        let twice = br#"{"signature":{"timestamp":17,"timestamp":18}}"#;
        assert_eq!(mailgun.params(&json, twice), None);
        let form = request(("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"));
        assert_eq!(mailgun.params(&form, b"timestamp=17&token=x"), Some(expected));
        assert_eq!(mailgun.params(&form, &b"a&".repeat(MAX_FIELDS)), None);
        assert_eq!(Provider::of("raw").params(&json, b"{"), Some(Vec::new()));
    }

    #[test]
    fn a_list_of_several_adyen_notifications_is_refused() {
        let adyen = Provider::of("adyen");
        let json = request(("content-type", "application/json"));
        let one = r#"{"NotificationRequestItem":{"eventCode":"A","amount":{"value":5}}}"#;
        let list = |items: &[&str]| format!(r#"{{"notificationItems":[{}]}}"#, items.join(","));
        let params = adyen.params(&json, list(&[one]).as_bytes()).expect("params");
        let empty = params.iter().filter(|(_, value)| value.is_empty()).count();
        assert_eq!((params.len(), empty), (9, 7));
        assert_eq!(adyen.params(&json, list(&[one, one]).as_bytes()), None);
    }

    #[test]
    fn events_are_short_and_say_where_they_come_from() {
        let github = request(("x-github-event", "push"));
        let event = Provider::of("github").event(&github, None).expect("an event");
        assert!(event.name == "push" && !event.is_in_body);
        let body = serde_json::json!({ "type": "é".repeat(500) });
        let event = Provider::of("stripe").event(&github, Some(&body)).expect("an event");
        assert!(event.name.chars().count() == LONGEST_EVENT && event.is_in_body);
    }
}
