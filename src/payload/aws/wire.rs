//! AWS operations as requests: the query protocol's `Action=`, `X-Amz-Target`, the RPC path,
//! and REST by method and path.
//!
//! Owns which operation a request calls. Whoever reads the request (curl's argv, say) fills in
//! its parts. Never decides.

use super::model::{self, Endpoint, Kind, Operation, kind_of_verb, same_name};
use super::operation;
use crate::call::Findings;
use crate::context::{Place, aws as context};
use crate::effect::{Effect, Evidence, Tier};
use crate::location::Location;
use crate::resolve::Command;
use crate::world::World;

/// The parts of a request that decide which operation it calls.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    pub method: &'a str,
    /// With the port, if the URL has one.
    pub host: &'a str,
    /// Without the query, as it stands in the URL.
    pub path: &'a str,
    /// Without the question mark.
    pub query: &'a str,
    pub headers: &'a [(String, String)],
    /// As far as it is known.
    pub body: Option<&'a str>,
    /// `--aws-sigv4 aws:amz:REGION:SERVICE`, if it is given.
    pub signing: Option<&'a str>,
}

/// Judges a request; false if it goes to no AWS service that guard knows.
pub fn judge(
    request: &Request<'_>,
    command: &Command,
    world: &dyn World,
    location: &Location,
    findings: &mut Findings,
) -> bool {
    let Some(called) = called(request) else {
        return false;
    };
    let place = place(request, command, world);
    match called {
        Called::Known { operation, name } => {
            known(&operation, name, request, &place, location, findings);
        }
        Called::Unlisted { service, operation } => match kind_of_verb(&kebab(&operation)) {
            Kind::ReadOnly => {}
            _ => findings.opaque(
                format!("the {service} operation `{operation}` is not in guard's table"),
                location,
            ),
        },
        Called::Unseen(reason) => findings.opaque(reason, location),
        Called::Reads => {}
    }
    true
}

/// Which operation a request calls.
#[derive(Clone, Debug, PartialEq)]
enum Called {
    Known {
        operation: Operation,
        /// What the path names.
        name: Option<String>,
    },
    Unlisted {
        service: String,
        operation: String,
    },
    /// It is AWS, and what it does cannot be seen.
    Unseen(String),
    Reads,
}

fn known(
    operation: &Operation,
    name: Option<String>,
    request: &Request<'_>,
    place: &Place,
    location: &Location,
    findings: &mut Findings,
) {
    let kind = raised(operation, request);
    match kind {
        Kind::ReadOnly => {}
        Kind::Opaque => findings.opaque(
            format!(
                "what the {} operation `{}` sets off is known only to AWS",
                operation.service, operation.name
            ),
            location,
        ),
        kind => {
            let name = name.or_else(|| named(operation, request));
            let effect: Effect = operation::effect(operation, kind, name, place, location);
            findings.effects.push(effect);
        }
    }
}

/// Bodies spell options in many ways; one that could raise the class counts as given, and none
/// lowers it but a dry run.
fn raised(operation: &Operation, request: &Request<'_>) -> Kind {
    let is_dry =
        parameter(request, "DryRun").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if is_dry && operation.options().any(|(name, _)| name == "dry-run") {
        return Kind::ReadOnly;
    }
    let mut kind = operation.kind;
    for (to, condition) in operation.changes() {
        let option = condition
            .trim_start_matches(['!', '-'])
            .split(['=', '~'])
            .next()
            .unwrap_or("");
        let mentioned = [Some(request.query), request.body]
            .into_iter()
            .flatten()
            .any(|text| mentions(text, option));
        if mentioned && to.rank() > kind.rank() {
            kind = to;
        }
    }
    kind
}

fn mentions(text: &str, option: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-' && letter != '_')
        .any(|word| !word.is_empty() && same_name(word, option))
}

/// A parameter of the query protocol, from the URL or a form body.
fn parameter(request: &Request<'_>, name: &str) -> Option<String> {
    [Some(request.query), request.body]
        .into_iter()
        .flatten()
        .find_map(|text| {
            text.split('&').find_map(|pair| {
                let (key, value) = pair.trim().split_once('=')?;
                (key == name).then(|| decoded(value))
            })
        })
}

/// The target's name from a JSON or form body.
fn named(operation: &Operation, request: &Request<'_>) -> Option<String> {
    let json = request
        .body
        .and_then(|body| serde_json::from_str::<serde_json::Value>(body).ok());
    let names: Vec<String> = operation
        .targets()
        .filter_map(|option| {
            if let Some(serde_json::Value::Object(members)) = &json {
                let (_, value) = members.iter().find(|(name, _)| same_name(name, option))?;
                return value.as_str().map(str::to_owned);
            }
            form(request, option)
        })
        .collect();
    (!names.is_empty()).then(|| names.join("/"))
}

/// `InstanceId.1=i-1` and `InstanceIds.member.1=i-1` name the option `instance-ids`.
fn form(request: &Request<'_>, option: &str) -> Option<String> {
    let singular = option.strip_suffix('s').unwrap_or(option);
    [Some(request.query), request.body]
        .into_iter()
        .flatten()
        .find_map(|text| {
            text.split('&').find_map(|pair| {
                let (key, value) = pair.trim().split_once('=')?;
                let key = key.split('.').next().unwrap_or(key);
                (same_name(key, option) || same_name(key, singular)).then(|| decoded(value))
            })
        })
}

fn header<'a>(request: &Request<'a>, name: &str) -> Option<&'a str> {
    let (_, value) = request
        .headers
        .iter()
        .find(|(known, _)| known.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim())
}

fn called(request: &Request<'_>) -> Option<Called> {
    if let Some(target) = header(request, "x-amz-target") {
        return Some(by_target(target));
    }
    if let Some((service, operation)) = rpc(request.path) {
        return Some(by_rpc(service, operation));
    }
    let hosted = Hosted::of(request)?;
    if hosted.is_custom(request) {
        return None;
    }
    if let Some(action) = parameter(request, "Action") {
        return Some(hosted.operation(&action));
    }
    if hosted
        .endpoints
        .iter()
        .any(|endpoint| endpoint.protocol.starts_with("rest"))
    {
        return Some(hosted.rest(request));
    }
    // A body with a hole may hold the action.
    Some(match (request.method, request.body) {
        ("GET" | "HEAD" | "OPTIONS", _) => Called::Reads,
        _ => Called::Unseen(format!(
            "which operation this request to {} calls cannot be seen",
            request.host
        )),
    })
}

/// `DynamoDB_20120810.DeleteTable`
fn by_target(target: &str) -> Called {
    let (prefix, operation) = target.rsplit_once('.').unwrap_or(("", target));
    let mut services = model::endpoints().filter(|endpoint| endpoint.target_prefix == prefix);
    let found =
        services.find_map(|endpoint| model::service(endpoint.service)?.operation(operation));
    match found {
        Some(operation) => Called::Known {
            operation,
            name: None,
        },
        None => Called::Unlisted {
            service: prefix.to_owned(),
            operation: operation.to_owned(),
        },
    }
}

/// `/service/Name/operation/DeleteThing`
fn rpc(path: &str) -> Option<(&str, &str)> {
    let mut parts = path.trim_matches('/').split('/').rev();
    let operation = parts.next()?;
    (parts.next()? == "operation").then_some(())?;
    let service = parts.next()?;
    (parts.next()? == "service").then_some((service, operation))
}

fn by_rpc(name: &str, operation: &str) -> Called {
    let found = model::endpoints()
        .filter(|endpoint| {
            endpoint.target_prefix == name
                || same_name(endpoint.service, name)
                || endpoint.protocol.contains("cbor")
        })
        .find_map(|endpoint| {
            let fits = endpoint.target_prefix == name || same_name(endpoint.service, name);
            fits.then(|| model::service(endpoint.service)?.operation(operation))?
        });
    match found {
        Some(operation) => Called::Known {
            operation,
            name: None,
        },
        None => Called::Unlisted {
            service: name.to_owned(),
            operation: operation.to_owned(),
        },
    }
}

/// The service behind a host, and for S3 the bucket in it.
struct Hosted {
    endpoints: Vec<Endpoint>,
    bucket: Option<String>,
}

/// Services of that address; several may share one (`rds`), and its namesake comes first.
fn reached_by(fits: impl Fn(&Endpoint) -> bool) -> Vec<Endpoint> {
    let mut found: Vec<_> = model::endpoints().filter(fits).collect();
    found.sort_by_key(|endpoint| endpoint.service != endpoint.prefix);
    found
}

const DOMAINS: &[&str] = &[".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];

impl Hosted {
    fn of(request: &Request<'_>) -> Option<Self> {
        let host = request.host.to_ascii_lowercase();
        let host = host.split(':').next().unwrap_or("");
        let named = DOMAINS.iter().find_map(|domain| host.strip_suffix(domain));
        let signed = request
            .signing
            .and_then(|signing| signing.rsplit(':').next())
            .filter(|service| !service.is_empty())
            .or_else(|| credential_service(request));
        if let Some(labels) = named {
            let labels: Vec<&str> = labels.split('.').collect();
            if let Some(hosted) = Self::of_labels(&labels) {
                return Some(hosted);
            }
        }
        // Signed, whatever the host: LocalStack, a proxy, a private endpoint.
        let service = signed?;
        let endpoints =
            reached_by(|endpoint| endpoint.signing_name == service || endpoint.prefix == service);
        (!endpoints.is_empty()).then_some(Self {
            endpoints,
            bucket: None,
        })
    }

    /// `rds.eu-west-1`, `api.ecr.eu-west-1`, `my.bucket.s3.eu-west-1`, `s3-eu-west-1`.
    fn of_labels(labels: &[&str]) -> Option<Self> {
        let s3 = labels
            .iter()
            .rposition(|label| *label == "s3" || label.starts_with("s3-") || *label == "s3express");
        if let Some(at) = s3 {
            let bucket = labels.get(..at).unwrap_or_default().join(".");
            return Some(Self {
                endpoints: model::endpoints()
                    .filter(|endpoint| endpoint.service == "s3api")
                    .collect(),
                bucket: (!bucket.is_empty()).then_some(bucket),
            });
        }
        for at in 0..labels.len() {
            for end in (at + 1..=labels.len()).rev() {
                let prefix = labels.get(at..end)?.join(".");
                let plain = prefix.strip_suffix("-fips").unwrap_or(&prefix);
                let endpoints = reached_by(|endpoint| endpoint.prefix == plain);
                if !endpoints.is_empty() {
                    return Some(Self {
                        endpoints,
                        bucket: None,
                    });
                }
            }
        }
        None
    }

    /// An API that somebody built on API Gateway: its operations are not AWS's.
    fn is_custom(&self, request: &Request<'_>) -> bool {
        self.endpoints
            .first()
            .is_some_and(|endpoint| endpoint.prefix == "execute-api")
            && !request.path.contains("@connections")
    }

    fn operation(&self, action: &str) -> Called {
        let found = self
            .endpoints
            .iter()
            .find_map(|endpoint| model::service(endpoint.service)?.operation(action));
        match found {
            Some(operation) => Called::Known {
                operation,
                name: None,
            },
            None => Called::Unlisted {
                service: self.name().to_owned(),
                operation: action.to_owned(),
            },
        }
    }

    fn name(&self) -> &'static str {
        self.endpoints
            .first()
            .map_or("aws", |endpoint| endpoint.service)
    }

    /// The route that fits best: most of it written out, most query keys asked for.
    fn rest(&self, request: &Request<'_>) -> Called {
        let path = match &self.bucket {
            Some(bucket) => format!("/{bucket}{}", request.path),
            None => request.path.to_owned(),
        };
        let best = self
            .endpoints
            .iter()
            .filter_map(|endpoint| model::service(endpoint.service))
            .flat_map(|service| service.operations())
            .filter_map(|operation| Some((fit(&operation, request, &path)?, operation)))
            .max_by_key(|(score, _)| *score);
        if let Some((_, operation)) = best {
            let name = path.trim_matches('/');
            return Called::Known {
                name: (!name.is_empty()).then(|| decoded(name)),
                operation,
            };
        }
        match request.method {
            "GET" | "HEAD" | "OPTIONS" => Called::Reads,
            method => Called::Unseen(format!(
                "which operation of {} `{method} {}` calls cannot be seen",
                self.name(),
                request.path
            )),
        }
    }
}

/// How well a route fits, if it does.
fn fit(operation: &Operation, request: &Request<'_>, path: &str) -> Option<(usize, usize, u8)> {
    let (method, template) = operation.route.split_once(' ')?;
    (method == request.method).then_some(())?;
    let (template, keys) = template.split_once('?').unwrap_or((template, ""));
    let has_key = |wanted: &str| {
        request
            .query
            .split('&')
            .any(|pair| pair.split('=').next() == wanted.split('=').next())
    };
    let keys: Vec<&str> = keys.split('&').filter(|key| !key.is_empty()).collect();
    keys.iter().all(|key| has_key(key)).then_some(())?;
    let template: Vec<&str> = template.trim_matches('/').split('/').collect();
    let given: Vec<&str> = path.trim_matches('/').split('/').collect();
    let mut literal = 0;
    let greedy = template.last().is_some_and(|part| part.ends_with("+}"));
    if template.len() > given.len() || (!greedy && template.len() != given.len()) {
        return None;
    }
    for (part, given) in template.iter().zip(&given) {
        if part.starts_with('{') {
            (!given.is_empty()).then_some(())?;
        } else {
            (part == given).then_some(())?;
            literal += 1;
        }
    }
    Some((literal, keys.len(), operation.kind.rank()))
}

/// The service in `Credential=KEY/date/region/SERVICE/aws4_request`, of a header or a URL.
fn credential_service<'a>(request: &Request<'a>) -> Option<&'a str> {
    let scope = match header(request, "authorization") {
        Some(value) if value.starts_with("AWS4-") => value.split_once("Credential=")?.1,
        _ => request.query.split_once("X-Amz-Credential=")?.1,
    };
    let scope = scope.split([',', '&', ' ']).next()?;
    let mut parts = scope.split('/');
    if scope.contains("%2F") || scope.contains("%2f") {
        return scope.split("%2F").flat_map(|part| part.split("%2f")).nth(3);
    }
    parts.nth(3)
}

fn place(request: &Request<'_>, command: &Command, world: &dyn World) -> Place {
    let mut place = context::locate(&context::Named::default(), command, world);
    place.evidence.push(Evidence {
        fact: "host".into(),
        value: request.host.to_owned(),
        source: "the URL of the request".to_owned(),
    });
    if context::is_local(request.host) {
        place.tier = Tier::Local;
        place.environment = Some(request.host.to_owned());
    }
    place
}

/// Percent decoding; what is no escape stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let pair = (byte == b'%')
            .then(|| Some((hex(ahead.next()?)?, hex(ahead.next()?)?)))
            .flatten();
        match pair {
            Some((high, low)) => {
                bytes.push(high * 16 + low);
                rest = ahead;
            }
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// `DeleteThing` as the CLI would spell it, near enough for its verb.
fn kebab(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(called: Option<Called>) -> String {
        match called {
            Some(Called::Known { operation, .. }) => {
                format!("{} {}", operation.service, operation.name)
            }
            Some(Called::Unlisted { operation, .. }) => format!("unlisted {operation}"),
            Some(Called::Unseen(_)) => "unseen".to_owned(),
            Some(Called::Reads) => "reads".to_owned(),
            None => "not aws".to_owned(),
        }
    }

    /// Method, host, path, query, a header, the body, and the operation they call.
    type Case = (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        Option<(&'static str, &'static str)>,
        &'static str,
        &'static str,
    );

    #[test]
    #[allow(
        clippy::type_complexity,
        reason = "a table's row, named where it is taken apart"
    )]
    fn requests_name_their_operation() {
        let cases: &[Case] = &[
            (
                "POST",
                "dynamodb.eu-west-1.amazonaws.com",
                "/",
                "",
                Some(("X-Amz-Target", "DynamoDB_20120810.DeleteTable")),
                "{}",
                "dynamodb delete-table",
            ),
            (
                "POST",
                "ec2.us-east-1.amazonaws.com",
                "/",
                "",
                None,
                "Action=TerminateInstances&InstanceId.1=i-1",
                "ec2 terminate-instances",
            ),
            (
                "GET",
                "rds.us-east-1.amazonaws.com",
                "/",
                "Action=DeleteDBInstance&DBInstanceIdentifier=prod",
                None,
                "",
                "rds delete-db-instance",
            ),
            (
                "DELETE",
                "bucket.s3.amazonaws.com",
                "/key/a",
                "",
                None,
                "",
                "s3api delete-object",
            ),
            (
                "DELETE",
                "s3.eu-west-1.amazonaws.com",
                "/bucket/key",
                "X-Amz-Signature=1",
                None,
                "",
                "s3api delete-object",
            ),
            (
                "DELETE",
                "bucket.s3.eu-west-1.amazonaws.com",
                "/",
                "",
                None,
                "",
                "s3api delete-bucket",
            ),
            (
                "POST",
                "bucket.s3.eu-west-1.amazonaws.com",
                "/",
                "delete",
                None,
                "<Delete/>",
                "s3api delete-objects",
            ),
            (
                "GET",
                "bucket.s3.eu-west-1.amazonaws.com",
                "/key",
                "",
                None,
                "",
                "reads",
            ),
            (
                "DELETE",
                "lambda.eu-west-1.amazonaws.com",
                "/2015-03-31/functions/f",
                "",
                None,
                "",
                "lambda delete-function",
            ),
            (
                "DELETE",
                "eks.eu-west-1.amazonaws.com:443",
                "/clusters/prod",
                "",
                None,
                "",
                "eks delete-cluster",
            ),
            (
                "POST",
                "x.eu-west-1.amazonaws.com",
                "/service/AWSLambda/operation/Nope",
                "",
                None,
                "",
                "unlisted Nope",
            ),
            (
                "DELETE",
                "abc.execute-api.eu-west-1.amazonaws.com",
                "/prod/items/1",
                "",
                None,
                "",
                "not aws",
            ),
            ("GET", "example.com", "/", "", None, "", "not aws"),
            (
                "DELETE",
                "example.com",
                "/bucket/key",
                "",
                None,
                "",
                "not aws",
            ),
            (
                "DELETE",
                "amazonaws.com.evil.example",
                "/bucket/key",
                "",
                None,
                "",
                "not aws",
            ),
        ];
        for (method, host, path, query, head, body, expected) in cases {
            let headers: Vec<_> = head
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let request = Request {
                method,
                host,
                path,
                query,
                headers: &headers,
                body: Some(body),
                signing: None,
            };
            assert_eq!(
                name_of(called(&request)),
                *expected,
                "{method} {host}{path}?{query}"
            );
        }
    }

    #[test]
    fn a_signed_request_is_known_whatever_its_host() {
        let request = Request {
            method: "DELETE",
            host: "127.0.0.1:5000",
            path: "/bucket/key",
            signing: Some("aws:amz:eu-west-1:s3"),
            ..Request::default()
        };
        assert_eq!(name_of(called(&request)), "s3api delete-object");
        let headers = [(
            "Authorization".to_owned(),
            "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/iam/aws4_request, x".to_owned(),
        )];
        let request = Request {
            method: "POST",
            host: "127.0.0.1:5000",
            path: "/",
            headers: &headers,
            body: Some("Action=DeleteUser&UserName=ann"),
            ..Request::default()
        };
        assert_eq!(name_of(called(&request)), "iam delete-user");
    }
}
