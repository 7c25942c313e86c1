//! Docker's own client against a daemon that keeps volumes, containers and what a swarm has.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::stand_in::{Answer, Request, Service, on_socket};
use super::{Instance, each_loss_is_asked_about, place, socket};

/// The objects of a daemon, as `kind/name`; of a container's own files only those that a command
/// in it takes away.
#[derive(Default)]
struct Daemon {
    kept: BTreeSet<String>,
    command: Vec<String>,
}

const FULL: &[&str] = &[
    "volumes/data",
    "volumes/old",
    // One without a name of its own, which a container has.
    "volumes/0123456789abcdef",
    "containers/web",
    "containers/web/srv/file",
    "secrets/key",
    "configs/settings",
    "services/shop",
    "plugins/store",
    "images/app",
    "networks/front",
];

impl Daemon {
    fn has(&self, name: &str) -> bool {
        self.kept.contains(name)
    }

    fn remove(&mut self, name: &str) -> Answer {
        if !self.kept.remove(name) {
            return Answer::json(404, &json!({"message": format!("no such object: {name}")}));
        }
        Answer::json(
            if name.starts_with("images") { 200 } else { 204 },
            &json!([]),
        )
    }

    /// Everything of this kind that nothing uses.
    fn prune(&mut self, kind: &str, request: &Request) -> Answer {
        let filters = request.query.get("filters").map_or("", String::as_str);
        let all = filters.contains("all") || kind != "volumes";
        let unused =
            |name: &String| name.starts_with(&format!("{kind}/")) && (all || name.len() > 20);
        self.kept.retain(|name| !unused(name));
        Answer::json(200, &json!({"SpaceReclaimed": 1}))
    }

    /// An object as the client looks it up before it removes it.
    fn inspect(&self, kind: &str, name: &str) -> Answer {
        if !self.has(&format!("{kind}/{name}")) {
            return Answer::json(404, &json!({"message": "no such object"}));
        }
        Answer::json(200, &Self::object(name))
    }

    fn object(name: &str) -> Value {
        json!({"ID": name, "Id": name, "Name": name, "Spec": {"Name": name}, "State": {},
            "Config": {"Tty": false}, "HostConfig": {}, "Image": "app", "Names": [name]})
    }

    fn list(&self, kind: &str) -> Answer {
        let prefix = format!("{kind}/");
        let names = self
            .kept
            .iter()
            .filter_map(|name| name.strip_prefix(&prefix));
        let objects: Vec<Value> = names
            .filter(|name| !name.contains('/'))
            .map(Self::object)
            .collect();
        Answer::json(
            200,
            &match kind {
                "volumes" => json!({"Volumes": objects}),
                _ => json!(objects),
            },
        )
    }

    fn run(&mut self) -> Answer {
        if let [program, words @ ..] = self.command.as_slice()
            && program == "rm"
        {
            for path in words {
                let name = format!("containers/web{path}");
                self.kept.retain(|kept| !kept.starts_with(&name));
            }
        }
        Answer::json(200, &json!({}))
    }
}

impl Service for Daemon {
    const HEADERS: &'static str = "API-Version: 1.41\r\nOSType: linux\r\n";

    fn answer(&mut self, request: &Request) -> Answer {
        let words: Vec<&str> = request.path.iter().map(String::as_str).collect();
        // `/v1.41/…`
        let words = match words.as_slice() {
            [version, rest @ ..] if version.starts_with("v1.") => rest,
            words => words,
        };
        match (request.method.as_str(), words) {
            (_, ["_ping"]) => Answer::text("OK".to_owned()),
            ("GET", ["version"]) => Answer::json(200, &json!({"ApiVersion": "1.41"})),
            ("POST", ["fill"]) => {
                self.kept = FULL.iter().copied().map(str::to_owned).collect();
                Answer::text(String::new())
            }
            ("GET", ["state"]) => {
                // What can be had again by its name is no loss.
                let again = ["images", "networks", "containers"];
                let lasting = self.kept.iter().filter(|name| {
                    let kind = name.split('/').next().unwrap();
                    !again.contains(&kind) || name.contains("/srv/")
                });
                let lines: Vec<&str> = lasting.map(String::as_str).collect();
                Answer::text(lines.join("\n"))
            }
            ("POST", ["build", "prune"]) => Answer::json(200, &json!({"SpaceReclaimed": 1})),
            ("POST", [kind, "prune"]) => self.prune(kind, request),
            ("POST", ["containers", _, "exec"]) => {
                self.command = serde_json::from_value(request.body["Cmd"].clone()).unwrap();
                Answer::json(201, &json!({"Id": "1"}))
            }
            ("POST", ["exec", _, "start"]) => self.run(),
            ("POST", ["containers", "create"]) => Answer::json(201, &json!({"Id": "new"})),
            ("POST", ["volumes", "create"]) => Answer::json(201, &json!({"Name": "new"})),
            ("POST", ["swarm", "leave"]) => {
                let of_swarm = ["secrets/", "configs/", "services/"];
                self.kept
                    .retain(|name| !of_swarm.iter().any(|kind| name.starts_with(kind)));
                Answer::json(200, &json!({}))
            }
            ("POST", _) => Answer::json(204, &json!({})),
            ("DELETE", ["containers", name]) => {
                if request.query.get("v").is_some_and(|value| value == "1") {
                    self.kept.remove("volumes/0123456789abcdef");
                }
                self.remove(&format!("containers/{name}"))
            }
            ("DELETE", [kind, name]) => self.remove(&format!("{kind}/{name}")),
            ("GET", ["containers" | "images", "json"]) => self.list(words[0]),
            ("GET", [kind]) => self.list(kind),
            ("GET", [kind, name] | [kind, name, "json"]) => self.inspect(kind, name),
            _ => Answer::json(404, &json!({"message": "unknown"})),
        }
    }
}

#[test]
fn docker_loses_what_guard_asks_about() {
    let place = place();
    let (_directory, socket) = socket("docker.sock");
    on_socket(&socket, Daemon::default());
    let socket = socket.to_str().unwrap();
    let instance = Instance {
        root: place.path(),
        variables: vec![
            ("DOCKER_HOST", format!("unix://{socket}")),
            ("S", socket.to_owned()),
        ],
    };
    instance.prepare("docker --version");
    each_loss_is_asked_about(
        &instance,
        "curl -fsS --unix-socket $S -X POST http://d/fill",
        "curl -fsS --unix-socket $S http://d/state",
        &[
            "docker volume rm data",
            "docker volume rm -f data old",
            "docker -D volume remove --force=true data",
            "docker --log-level error -H unix://$S volume rm -- old",
            "docker volume rm --help data",
            "docker volume ls -q",
            "docker volume inspect data",
            "docker volume create more",
            "docker volume ls -q | xargs docker volume rm",
            "docker volume rm $(docker volume ls -q)",
            "docker volume prune --force",
            "yes | docker volume prune",
            "docker system prune -af --volumes",
            "docker system prune --volumes=true --force",
            "docker system df --help",
            "docker builder prune -f",
            "docker network rm front",
            "docker image rm app",
            "docker rmi -f app",
            "docker rm -fv web",
            "docker rm web -v",
            "docker container rm --volumes --force web",
            "docker ps -a",
            "docker stop web && docker start web",
            "docker restart -t 1 web",
            "docker create --name other app rm -rf /srv",
            "docker exec -d web rm -rf /srv",
            "docker container exec --detach -w / web rm -r /srv/file",
            "docker exec -d web ls /srv",
            "docker exec -d -e A=rm web true",
            "docker secret rm key",
            "docker secret ls",
            "docker config rm settings",
            "docker service rm shop",
            "docker service inspect shop",
            "docker plugin rm -f store",
            "docker swarm leave --force",
            "docker inspect web",
            "docker run --help",
        ],
    );
}
