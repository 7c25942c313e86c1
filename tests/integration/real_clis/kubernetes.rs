//! kubectl and helm against an API server that keeps objects, and nothing else of a cluster.

mod protobuf;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::stand_in::{Answer, Request, Service, on_loopback};
use super::{Instance, each_loss_is_asked_about, place};

/// Name in paths, kind, group, whether namespaces have it.
const KINDS: &[(&str, &str, &str, bool)] = &[
    ("namespaces", "Namespace", "", false),
    ("nodes", "Node", "", false),
    ("pods", "Pod", "", true),
    ("configmaps", "ConfigMap", "", true),
    ("secrets", "Secret", "", true),
    ("persistentvolumeclaims", "PersistentVolumeClaim", "", true),
    ("deployments", "Deployment", "apps", true),
];

/// Objects by namespace (or nothing), kind and name.
#[derive(Default)]
struct Cluster {
    kept: BTreeMap<(String, String, String), Value>,
}

/// Where in the objects a request leads.
struct Place {
    kind: &'static (&'static str, &'static str, &'static str, bool),
    namespace: String,
    name: Option<String>,
    part: Option<String>,
}

fn place_of(path: &[String]) -> Option<Place> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let rest = match path.as_slice() {
        ["api", "v1", rest @ ..] | ["apis", "apps", "v1", rest @ ..] => rest,
        _ => return None,
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        rest => ("", rest),
    };
    let (kind, rest) = rest.split_first()?;
    Some(Place {
        kind: KINDS.iter().find(|(plural, ..)| plural == kind)?,
        namespace: namespace.to_owned(),
        name: rest.first().map(|name| (*name).to_owned()),
        part: rest.get(1).map(|part| (*part).to_owned()),
    })
}

/// A JSON merge patch; a strategic one is the same for what the tests send.
fn merge(into: &mut Value, patch: &Value) {
    let (Value::Object(own), Value::Object(other)) = (&mut *into, patch) else {
        *into = patch.clone();
        return;
    };
    for (name, value) in other {
        if value.is_null() {
            own.remove(name);
        } else {
            merge(own.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// The object in a body, in whichever encoding.
fn sent(request: &Request) -> Value {
    protobuf::object(&request.bytes).unwrap_or_else(|| request.body.clone())
}

fn status(code: u16, reason: &str, name: &str) -> Answer {
    let state = if code < 300 { "Success" } else { "Failure" };
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": state,
        "reason": reason, "message": reason, "code": code, "details": {"name": name, "uid": name}});
    Answer::json(code, &body)
}

impl Cluster {
    fn discovery(request: &Request) -> Option<Answer> {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let of_group = |wanted: &str, version: &str| {
            let kinds = KINDS.iter().filter(|(_, _, group, _)| *group == wanted);
            let mut resources: Vec<Value> = kinds
                .map(|(name, kind, _, namespaced)| {
                    let categories: &[&str] = match *name {
                        "pods" | "deployments" => &["all"],
                        _ => &[],
                    };
                    let short: &[&str] = match *name {
                        "namespaces" => &["ns"],
                        "configmaps" => &["cm"],
                        "pods" => &["po"],
                        "deployments" => &["deploy"],
                        "persistentvolumeclaims" => &["pvc"],
                        _ => &[],
                    };
                    json!({"name": name, "singularName": kind.to_lowercase(), "kind": kind,
                        "namespaced": namespaced, "categories": categories, "shortNames": short,
                        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]})
                })
                .collect();
            if wanted == "apps" {
                resources.push(json!({"name": "deployments/scale", "kind": "Scale", "singularName": "",
                    "group": "autoscaling", "version": "v1", "namespaced": true, "verbs": ["get", "patch", "update"]}));
            }
            json!({"kind": "APIResourceList", "groupVersion": version, "resources": resources})
        };
        let apps = json!({"groupVersion": "apps/v1", "version": "v1"});
        let found = match path.as_slice() {
            ["version"] => json!({"major": "1", "minor": "33", "gitVersion": "v1.33.0"}),
            ["api"] => json!({"kind": "APIVersions", "versions": ["v1"]}),
            ["apis"] => json!({"kind": "APIGroupList", "apiVersion": "v1",
                "groups": [{"name": "apps", "versions": [apps], "preferredVersion": apps}]}),
            ["api", "v1"] => of_group("", "v1"),
            ["apis", "apps", "v1"] => of_group("apps", "apps/v1"),
            _ => return None,
        };
        Some(Answer::json(200, &found))
    }

    fn put(&mut self, place: &Place, mut object: Value) -> Answer {
        let named = object["metadata"]["name"].as_str().map(str::to_owned);
        let Some(name) = place.name.clone().or(named) else {
            return status(415, "UnsupportedMediaType", "");
        };
        let (_, kind, group, _) = place.kind;
        let version = if group.is_empty() {
            "v1".to_owned()
        } else {
            format!("{group}/v1")
        };
        merge(
            &mut object,
            &json!({"kind": kind, "apiVersion": version,
            "metadata": {"name": name, "uid": name, "resourceVersion": "1"}}),
        );
        if !place.namespace.is_empty() {
            object["metadata"]["namespace"] = json!(place.namespace);
        }
        let key = (place.namespace.clone(), place.kind.0.to_owned(), name);
        self.kept.insert(key, object.clone());
        Answer::json(201, &object)
    }

    fn list(&self, place: &Place, query: &BTreeMap<String, String>) -> Answer {
        let selected = |object: &Value| {
            let holds = |selector: Option<&String>, of: &dyn Fn(&str) -> Option<String>| {
                let selector = selector.map_or("", String::as_str);
                let mut terms = selector.split(',').filter(|term| !term.is_empty());
                terms.all(|term| {
                    let (name, value) = term.split_once('=').unwrap();
                    of(name).as_deref() == Some(value.trim_start_matches('='))
                })
            };
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let label = |name: &str| text(&object["metadata"]["labels"][name]);
            let field = |name: &str| text(object.pointer(&format!("/{}", name.replace('.', "/")))?);
            holds(query.get("labelSelector"), &label) && holds(query.get("fieldSelector"), &field)
        };
        let items: Vec<&Value> = self
            .kept
            .iter()
            .filter(|((namespace, kind, _), object)| {
                kind == place.kind.0
                    && (place.namespace.is_empty() || *namespace == place.namespace)
                    && selected(object)
            })
            .map(|(_, object)| object)
            .collect();
        let (_, kind, group, _) = place.kind;
        let version = if group.is_empty() {
            "v1".to_owned()
        } else {
            format!("{group}/v1")
        };
        Answer::json(
            200,
            &json!({"kind": format!("{kind}List"), "apiVersion": version,
            "metadata": {"resourceVersion": "1"}, "items": items}),
        )
    }

    /// A line for each object with what it says; labels are added, and lose nothing.
    fn lines(&self) -> String {
        let mut lines = String::new();
        for ((namespace, kind, name), object) in &self.kept {
            let said = [&object["spec"], &object["data"]];
            writeln!(lines, "{namespace}/{kind}/{name} {}", json!(said)).unwrap();
        }
        lines
    }

    fn at(&mut self, place: &Place, request: &Request) -> Answer {
        let Some(name) = place.name.clone() else {
            return match request.method.as_str() {
                "POST" => self.put(place, sent(request)),
                "GET" if request.query.contains_key("watch") => Answer::text(String::new()),
                _ => self.list(place, &request.query),
            };
        };
        let key = (
            place.namespace.clone(),
            place.kind.0.to_owned(),
            name.clone(),
        );
        let Some(object) = self.kept.get_mut(&key) else {
            return status(404, "NotFound", &name);
        };
        let scale = place.part.as_deref() == Some("scale");
        match request.method.as_str() {
            "GET" | "PATCH" | "PUT" if scale => {
                if request.method != "GET" {
                    merge(&mut object["spec"], &request.body["spec"]);
                }
                Answer::json(
                    200,
                    &json!({"kind": "Scale", "apiVersion": "autoscaling/v1",
                    "metadata": object["metadata"], "spec": {"replicas": object["spec"]["replicas"]}}),
                )
            }
            "PATCH" => {
                merge(object, &request.body);
                Answer::json(200, object)
            }
            "PUT" => self.put(place, sent(request)),
            "DELETE" => {
                self.kept.remove(&key);
                if place.kind.0 == "namespaces" {
                    self.kept.retain(|(namespace, ..), _| *namespace != name);
                }
                status(200, "", &name)
            }
            _ => Answer::json(200, object),
        }
    }
}

impl Service for Cluster {
    fn answer(&mut self, request: &Request) -> Answer {
        if let Some(found) = Self::discovery(request) {
            return found;
        }
        match request.path.first().map(String::as_str) {
            Some("state") => return Answer::text(self.lines()),
            Some("fill") => {
                self.kept.clear();
                for object in request.body.as_array().unwrap() {
                    let path: Vec<String> = object["path"]
                        .as_str()
                        .unwrap()
                        .split('/')
                        .map(str::to_owned)
                        .collect();
                    let place = place_of(&path).unwrap();
                    self.put(&place, object["object"].clone());
                }
                return Answer::text(String::new());
            }
            _ => {}
        }
        let Some(place) = place_of(&request.path) else {
            return status(404, "NotFound", "");
        };
        let dry = request.query.contains_key("dryRun") || request.body["dryRun"].is_array();
        if dry && request.method != "GET" {
            return match request.method.as_str() {
                "DELETE" => status(200, "", ""),
                _ => Answer::json(200, &request.body),
            };
        }
        self.at(&place, request)
    }
}

fn cluster(root: &Path) -> Instance<'_> {
    let url = on_loopback(Cluster::default());
    let instance = Instance {
        root,
        variables: vec![
            ("U", url.clone()),
            ("KUBECONFIG", root.join("config").display().to_string()),
        ],
    };
    instance.prepare(&format!(
        "cat > config <<'END'
{{\"kind\": \"Config\", \"apiVersion\": \"v1\", \"current-context\": \"c\",
 \"clusters\": [{{\"name\": \"k\", \"cluster\": {{\"server\": \"{url}\"}}}}],
 \"users\": [{{\"name\": \"u\", \"user\": {{}}}}],
 \"contexts\": [{{\"name\": \"c\", \"context\": {{\"cluster\": \"k\", \"user\": \"u\"}}}}]}}
END"
    ));
    instance
}

/// Fills the cluster with nothing but these objects, each under its path.
const FILL: &str = "curl -fsS $U/fill -d @fill.json";

fn keep_to_fill(instance: &Instance<'_>, objects: &[(&str, Value)]) {
    let objects = objects
        .iter()
        .map(|(path, object)| json!({"path": path, "object": object}));
    let objects = Value::Array(objects.collect()).to_string();
    std::fs::write(instance.root.join("fill.json"), objects).unwrap();
}

fn object(name: &str, rest: &Value) -> Value {
    let mut object = json!({"metadata": {"name": name, "labels": {"app": name}}});
    merge(&mut object, rest);
    object
}

#[test]
fn kubectl_loses_what_guard_asks_about() {
    let place = place();
    let instance = cluster(place.path());
    instance.prepare("kubectl version --client");
    let deployment = json!({"spec": {"replicas": 2, "selector": {},
        "template": {"spec": {"containers": [{"name": "w", "image": "i"}]}}}});
    let on_node = json!({"spec": {"nodeName": "n", "containers": []}});
    let objects = [
        ("api/v1/namespaces", object("default", &json!({}))),
        ("api/v1/namespaces", object("shop", &json!({}))),
        ("api/v1/nodes", object("n", &json!({"spec": {}}))),
        ("api/v1/namespaces/default/pods", object("a", &on_node)),
        (
            "api/v1/namespaces/default/pods",
            object("b", &json!({"spec": {"containers": []}})),
        ),
        (
            "api/v1/namespaces/shop/persistentvolumeclaims",
            object("data", &json!({"spec": {}})),
        ),
        (
            "api/v1/namespaces/default/configmaps",
            object("c", &json!({"data": {"k": "v"}})),
        ),
        (
            "apis/apps/v1/namespaces/default/deployments",
            object("web", &deployment),
        ),
    ];
    keep_to_fill(&instance, &objects);
    let changed = |name: &str| {
        let rest = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "w"},
            "metadata": {"namespace": "default"}});
        let file = instance.root.join(format!("{name}.json"));
        std::fs::write(file, object(name, &rest).to_string()).unwrap();
    };
    changed("c");
    changed("new");
    each_loss_is_asked_about(
        &instance,
        FILL,
        "curl -fsS $U/state",
        &[
            "kubectl delete pod a",
            "kubectl delete pods --all --wait=false",
            "kubectl delete pod/a pod/b --now",
            "kubectl delete po -l app=b",
            "kubectl delete pod a --dry-run=client",
            "kubectl delete pod a --dry-run=server",
            "kubectl delete --dry-run=none pod a",
            "kubectl delete pod a --dry-run",
            "kubectl delete ns shop",
            "kubectl -n shop delete pvc data",
            "kubectl delete --namespace=shop pvc --all",
            "kubectl delete -f c.json",
            "kubectl delete -f- < c.json",
            "kubectl delete all --all",
            "kubectl delete deploy web --cascade=orphan",
            "kubectl delete --raw /api/v1/namespaces/default/pods/a",
            "kubectl delete pod missing --ignore-not-found --dry-run=client",
            "kubectl get pods -o name | xargs kubectl delete",
            "kubectl get pods -A",
            "kubectl get cm c -o json",
            "kubectl describe pod a",
            "kubectl apply --validate=false -f c.json",
            "kubectl apply --validate=false --dry-run=client -f c.json",
            "kubectl create --validate=false -f new.json",
            "kubectl create configmap more --from-literal=k=v",
            "kubectl replace --force --validate=false -f c.json",
            "kubectl patch cm c -p '{\"data\":{\"k\":\"w\"}}'",
            "kubectl scale deploy web --replicas=0",
            "kubectl set image deploy/web w=j",
            "kubectl label pod a x=y",
            "kubectl annotate pod a x=y",
            "kubectl drain n --force --delete-emptydir-data --ignore-daemonsets",
            "kubectl delete --help",
            "kubectl explain pod",
            "kubectl api-resources",
            "kubectl config view",
        ],
    );
}

#[test]
fn helm_loses_what_guard_asks_about() {
    let place = place();
    let instance = cluster(place.path());
    instance.prepare("helm version");
    instance.prepare(
        "mkdir -p chart/templates && \
         printf 'apiVersion: v2\\nname: chart\\nversion: 1.0.0\\n' > chart/Chart.yaml && \
         printf 'v: 1\\n' > chart/values.yaml && \
         printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: made}\\ndata: {v: \"{{ .Values.v }}\"}\\n' > chart/templates/c.yaml",
    );
    keep_to_fill(
        &instance,
        &[("api/v1/namespaces", object("default", &json!({})))],
    );
    each_loss_is_asked_about(
        &instance,
        &format!("{FILL} && helm install shop ./chart --disable-openapi-validation"),
        "curl -fsS $U/state | grep configmaps",
        &[
            "helm uninstall shop",
            "helm un shop --keep-history",
            "helm delete shop --no-hooks -n default",
            "helm uninstall shop --dry-run",
            "helm upgrade shop ./chart --set v=2 --disable-openapi-validation",
            "helm upgrade shop ./chart --set v=2 --dry-run=client --disable-openapi-validation",
            "helm list -A",
            "helm status shop",
            "helm get manifest shop",
            "helm history shop",
            "helm template ./chart",
            "helm uninstall --help",
            "helm install other ./chart --dry-run=client --set v=3 --disable-openapi-validation",
            "helm --kube-context c -n default uninstall shop --wait",
        ],
    );
}
