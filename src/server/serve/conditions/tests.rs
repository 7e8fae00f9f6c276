use super::*;

/// Sun, 06 Nov 1994 08:49:37 GMT.
const MODIFIED: u64 = 784_111_777;
const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const EXACT: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

fn decide(fields: &[(HeaderName, &str)]) -> Decision {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(name, value.parse().unwrap());
    }
    let tags = vec!["\"a\"".into(), "\"b,c\"".into()];
    evaluate(&headers, &Validators { tags, modified: Some(MODIFIED) })
}

const SEND: Decision = Decision::Send { permits_range: true };
const WHOLE: Decision = Decision::Send { permits_range: false };
use Decision::{Failed, NotModified};

#[test]
fn conditions_are_evaluated_as_in_rfc_9110() {
    for (fields, decision) in [
        (&[][..], SEND),
        (&[(IF_MATCH, "\"a\"")], SEND),
        (&[(IF_MATCH, "*")], SEND),
        (&[(IF_MATCH, "\"x\", \"b,c\"")], SEND),
        (&[(IF_MATCH, "\"x\""), (IF_MATCH, "\"a\"")], SEND),
        (&[(IF_MATCH, "\"x\"")], Failed),
        (&[(IF_MATCH, "W/\"a\"")], Failed),
        (&[(IF_MATCH, "")], Failed),
        (&[(IF_MATCH, "a")], Failed),
        (&[(IF_MATCH, "\"a")], Failed),
        (&[(IF_MATCH, "\"b\"")], Failed),
        (&[(IF_UNMODIFIED_SINCE, BEFORE)], Failed),
        (&[(IF_UNMODIFIED_SINCE, EXACT)], SEND),
        (&[(IF_UNMODIFIED_SINCE, AFTER)], SEND),
        (&[(IF_UNMODIFIED_SINCE, "yesterday")], SEND),
        // If-Unmodified-Since is ignored beside If-Match.
        (&[(IF_MATCH, "\"a\""), (IF_UNMODIFIED_SINCE, BEFORE)], SEND),
        (&[(IF_MATCH, "\"x\""), (IF_UNMODIFIED_SINCE, AFTER)], Failed),
        (&[(IF_NONE_MATCH, "\"a\"")], NotModified),
        (&[(IF_NONE_MATCH, "W/\"a\"")], NotModified),
        (&[(IF_NONE_MATCH, "*")], NotModified),
        (&[(IF_NONE_MATCH, "\"x\",\"y\" , W/\"b,c\"")], NotModified),
        (&[(IF_NONE_MATCH, "\"x\"")], SEND),
        (&[(IF_NONE_MATCH, "x \"a\"")], SEND),
        (&[(IF_MODIFIED_SINCE, BEFORE)], SEND),
        (&[(IF_MODIFIED_SINCE, EXACT)], NotModified),
        (&[(IF_MODIFIED_SINCE, AFTER)], NotModified),
        (&[(IF_MODIFIED_SINCE, "0")], SEND),
        // If-Modified-Since is ignored beside If-None-Match.
        (&[(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, AFTER)], SEND),
        (&[(IF_NONE_MATCH, "\"a\""), (IF_MODIFIED_SINCE, BEFORE)], NotModified),
        // If-Match and If-Unmodified-Since come first.
        (&[(IF_MATCH, "\"x\""), (IF_NONE_MATCH, "\"a\"")], Failed),
        (&[(IF_UNMODIFIED_SINCE, BEFORE), (IF_MODIFIED_SINCE, AFTER)], Failed),
        (&[(IF_MATCH, "\"a\""), (IF_NONE_MATCH, "\"a\"")], NotModified),
        (&[(IF_RANGE, "\"a\"")], SEND),
        (&[(IF_RANGE, "\"b,c\"")], SEND),
        (&[(IF_RANGE, "\"x\"")], WHOLE),
        (&[(IF_RANGE, "W/\"a\"")], WHOLE),
        (&[(IF_RANGE, "a")], WHOLE),
        (&[(IF_RANGE, "")], WHOLE),
        (&[(IF_RANGE, "*")], WHOLE),
        (&[(IF_RANGE, "\"a\", \"x\"")], WHOLE),
        (&[(IF_RANGE, BEFORE)], WHOLE),
        (&[(IF_RANGE, EXACT)], WHOLE),
        (&[(IF_RANGE, AFTER)], WHOLE),
        (&[(IF_RANGE, "\"a\""), (IF_RANGE, "\"a\"")], WHOLE),
        (&[(IF_NONE_MATCH, "\"a\""), (IF_RANGE, "\"x\"")], NotModified),
    ] {
        assert_eq!(decide(fields), decision, "{fields:?}");
    }
}

#[test]
fn a_file_without_validators_matches_no_tag_and_no_date() {
    let decide = |name: HeaderName, value: &str| {
        let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
        evaluate(&headers, &Validators::default())
    };
    assert_eq!(decide(IF_MATCH, "\"a\""), Failed);
    assert_eq!(decide(IF_MATCH, "*"), SEND);
    assert_eq!(decide(IF_NONE_MATCH, "\"a\""), SEND);
    assert_eq!(decide(IF_MODIFIED_SINCE, AFTER), SEND);
    assert_eq!(decide(IF_UNMODIFIED_SINCE, BEFORE), SEND);
    assert_eq!(decide(IF_RANGE, AFTER), WHOLE);
    assert_eq!(decide(IF_RANGE, "\"a\""), WHOLE);
}

#[test]
fn dates_are_written_as_http_does() {
    assert_eq!(http_date(MODIFIED), EXACT);
    assert_eq!(http_date(u64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
}
