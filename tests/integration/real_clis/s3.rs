//! s3cmd against a simulated S3.

use super::{Instance, each_loss_is_asked_about, place};
use crate::aws::Server;
use crate::cases;

#[test]
fn s3cmd_loses_what_guard_asks_about() {
    let server = Server::start();
    let place = place();
    cases::repository(place.path());
    let host = server.url.trim_start_matches("http://").to_owned();
    let instance = Instance {
        root: place.path(),
        variables: vec![
            ("HOST", server.url.clone()),
            ("AWS_ACCESS_KEY_ID", "a".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "b".to_owned()),
        ],
    };
    instance.prepare(&format!(
        "printf '[default]\\nhost_base = {host}\\nhost_bucket = {host}\\nuse_https = False\\nsignature_v2 = True\\n' > .s3cfg && \
         mkdir site && echo 1 > site/a && s3cmd mb s3://probe"
    ));
    each_loss_is_asked_about(
        &instance,
        "curl -fsS -X POST $HOST/moto-api/reset && rm -rf got keep && echo 3 > keep && \
         for bucket in shop empty; do curl -fsS -X PUT $HOST/$bucket; done && \
         curl -fsS -T site/a $HOST/shop/a && curl -fsS -T keep $HOST/shop/b",
        "curl -fsS $HOST | grep -o '<Name>[^<]*'; curl -fsS $HOST/shop | sed 's/<Contents>/\\n/g' | \
         sed -n 's/<LastModified>.*<ETag>/ /; s/<.ETag>.*//; /^<Key>/p'; echo; grep -H . keep",
        &[
            "s3cmd del s3://shop/a",
            "s3cmd rm --force s3://shop/b",
            "s3cmd --dry-run del s3://shop/a",
            "s3cmd del -rfn s3://shop",
            "s3cmd del --recursive --force s3://shop/",
            "s3cmd rb s3://empty",
            "s3cmd rb --recursive --force s3://shop",
            "s3cmd ls s3://shop",
            "s3cmd info s3://shop/a",
            "s3cmd du",
            "s3cmd sync --delete-removed site/ s3://shop/",
            "s3cmd sync --delete-rem --no-delete-removed site/ s3://shop/",
            "s3cmd sync site/ s3://shop/",
            "s3cmd put site/a s3://shop/new",
            "s3cmd get s3://shop/a got",
            "s3cmd get --force s3://shop/a keep",
            "s3cmd get --skip-existing s3://shop/a keep",
            "s3cmd mb s3://more",
            "s3cmd signurl s3://shop/a +60",
        ],
    );
}
