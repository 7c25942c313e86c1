//! Idioms with places left open, where the way that commands hang together is what matters.
//!
//! «w» a word, «v» a value, «q» a quoted word, «x» a scalar that is set, «s» one that is set here,
//! «a» an array that is set here, «i» a number, «e» an expression, «p» a program, «c» a call,
//! «l» commands, «t» a text of commands in quotes, «u» a name that nothing else has.

use super::{Generator, parts};
use crate::oracle::tree::Tree;

const TEMPLATES: &[&str] = &[
    // Functions, and what starts them.
    "«u»() { «p» \"$@\" «w»; }; export -f «u»; bash -c '«u» 1 \"$x\"' «w»",
    "«u»() { «p» «q»; }; export -f «u»; echo a b | xargs -n1 bash -c '«u» \"$1\"' _",
    "«u»() { «p» in «w»; }; export -f «u»; unset -f «u»; bash -c '«u»' 2> err",
    "«u»() { local -n out=$1; out=«v»; }; «u» «s»; «p» \"$«s»\"",
    "«u»() { local «s»=«v»; \"$@\"; }; «u» «c»",
    "«u»() { echo «w»; return 3; }; «s»=$(«u»); «p» $? \"$«s»\"",
    "«u»() { «p» \"$FUNCNAME\" \"${FUNCNAME[0]}\" $#; }; «u» «w» «w»",
    "«u»() { if (($# > 1)); then shift; «u» \"$@\"; fi; «p» \"$@\"; }; «u» «w» «w» c",
    "«u»() { for f in \"$1\"/*; do if [ -d \"$f\" ]; then «u» \"$f\"; else «p» \"$f\"; fi; done; }; «u» sub",
    "«u»() { local IFS=,; «p» \"$*\"; }; «u» «w» «w»",
    "«u»() { «l»\n}; eval \"$(declare -f «u» | sed 's/«u»/other«u»/')\"; other«u» «w»",
    "«u»() { «p» old; }; «u»() { «p» new «w»; }; «u»",
    "«u»() { set -- «w» «w»; «p» \"$@\"; }; «u» 1; «p» \"$@\"",
    "«u»() { local x=«v»; eval '«p» \"$x\"'; }; «u»; «p» \"$x\"",
    "«u»() { trap '«p» returned' RETURN; «c»; }; «u»; trap - RETURN",
    // Names that stand for programs.
    "hash -p \"$(type -P tool)\" «u»; «u» «w»; hash -d «u»",
    "BASH_CMDS[«u»]=$(type -P prog); «u» «w» «w»",
    "BASH_CMDS+=([«u»]=$(type -P deploy)); «u» «q»",
    "shopt -s expand_aliases\nalias «u»='«p» '\nalias other«u»='one two'\n«u» other«u» «w»",
    "shopt -s expand_aliases\nBASH_ALIASES[«u»]='«p» from table'\n«u» «w»",
    "mkdir -p dir«u»; printf '#!/bin/bash\\nprog found \"$@\"\\n' > dir«u»/«u»; chmod +x dir«u»/«u»; PATH=$PWD/dir«u»:$PATH «u» «w»",
    "mkdir -p dir«u»; printf 'prog sourced \"$@\"\\n' > dir«u»/«u»; PATH=dir«u»:$PATH; . «u» «w»; PATH=${PATH#*:}",
    "PATH=/nowhere «p» «w»",
    "enable -n echo; echo «w»; enable echo",
    "command -v «p» > out && «p» found",
    "«s»=$(type -t «p»); «p» \"$«s»\"",
    // References and indirection.
    "declare -n «u»=«s»; «u»=«v»; «p» \"$«u»\" \"${!«u»}\"; unset -n «u»",
    "declare -a «a»=(«w» «w» c); declare -n «u»=«a»[1]; «p» \"$«u»\"; unset -n «u»",
    "declare -n «u»; for «u» in x y; do «u»=«v»; done; «p» \"$x\" \"$y\"; unset -n «u»",
    "«s»=x; «p» \"${!«s»}\" \"${!«s»:-none}\"",
    "«a»=(«w» «w»); «s»='«a»[@]'; «p» \"${!«s»}\"",
    "«a»=(«w» b c); «s»='«a»[1]'; «p» \"${!«s»}\" ${!«s»%b}",
    "set -- «w» «w»; «i»=2; «p» \"${!«i»}\" \"${!#}\"",
    "printf -v '«a»[2]' %s «v»; «p» \"${«a»[2]}\" \"${#«a»[@]}\"",
    "read -r '«a»[1]' <<< «v»; «p» \"${«a»[1]}\"",
    // Input.
    "read -r -a «a» <<< «v»; «p» \"${«a»[@]}\" ${#«a»[@]}",
    "read -r -d , «s» <<< «v»,rest; «p» \"$«s»\"",
    "read -r -N 3 «s» <<< «v»; «p» \"$«s»\"",
    "IFS=: read -r «s» other more <<< a:«v»:c:d; «p» \"$«s»\" \"$other\" \"$more\"",
    "exec 4< list; read -r «s» <&4; read -r -u 4 other; exec 4<&-; «p» \"$«s»\" \"$other\"",
    "exec 4<<< «v»; read -r -u 4 «s»; exec 4<&-; «p» \"$«s»\"",
    "{ read -r «s»; read -r other; } < list; «p» \"$«s»\" \"$other\"",
    "mapfile -t -d , «a» <<< «v»,b; «p» \"${«a»[0]}\" ${#«a»[@]}",
    "mapfile -t -O 1 «a» < list; «p» \"${!«a»[@]}\" \"${«a»[1]}\"",
    "mapfile -t -c 1 -C '«p» line' «a» < a.txt",
    "readarray -t «a» < <(printf '%s\\n' «w» «w»); «p» \"${«a»[@]}\"",
    "while read -r one rest; do «p» \"$one\" \"$rest\"; done < <(printf '%s %s\\n' «w» «w» c d)",
    "while read -r «s»; do [[ $«s» == two* ]] && break; done < list; «p» \"$«s»\"",
    "while IFS== read -r key value; do printf -v \"$key\" %s \"$value\"; done < sub/e.txt; «p» \"$x\" \"$y\"",
    "«p» «w» <<< \"$(< a.txt)\"; «p» \"$(cat <<< «v»)\"",
    // Here-documents.
    "cat <<«u» | while read -r «s»; do «p» \"$«s»\"; done\n«x» ${«x»:-none} $((1 + «e»))\n$(echo «w»)\n«u»",
    "bash <<«u»\n«p» \"${«x»}\" \\$HOME '$x'\n«u»",
    "bash -s «w» <<'«u»'\n«p» \"$1\" $#\n«u»",
    "«p» \"$(cat <<«u»\n${x/a/b} `echo «w»`\n«u»\n)\"",
    "cat <<-«u» > doc\n\t\t«x» $x\n\t«u»\n«p» \"$(< doc)\"",
    // Process substitution.
    "«p» \"$(cat <(echo «w») <(printf %s «w»))\"",
    "echo «w» > >(cat > copy); wait; «p» done",
    "source <(printf '%s=%q\\n' «s» «v»); «p» \"$«s»\"",
    "paste -d, <(echo a) <(echo «w») > out; «p» «w»",
    // Choices.
    "case «w» in @(a|b)*) «p» one ;;& *[0-9]*) «p» digit ;& ?(x)) «p» fell ;; *) «p» other ;; esac",
    "shopt -s extglob\ncase «v» in +([a-z])) «p» lower ;; !(*a*)) «p» no-a ;; *) «p» rest ;; esac",
    "case $x in \"$y\") «p» same ;; ${y:-z}*) «p» prefix ;; esac",
    "case «v» in [[:upper:]]*|*[!a-z]) «p» «w» ;; *) «c» ;; esac",
    "shopt -s nocasematch; case «v» in FOO|A) «p» hit ;; esac; shopt -u nocasematch",
    "select «s» in «w» b; do «p» \"$«s»\" \"$REPLY\"; break; done <<< 2",
    "if [[ «v» =~ ^([a-z]+)(.*)$ ]]; then «p» \"${BASH_REMATCH[@]}\"; else «p» no; fi",
    "[[ a-12 =~ ^([a-z])-([0-9]+)$ ]] && «p» \"${BASH_REMATCH[2]}\" «w»",
    "re='(a|b)+'; [[ «v» =~ $re ]] && «p» \"${BASH_REMATCH[0]}\" \"${#BASH_REMATCH[@]}\"",
    "[[ «v» < «v» || -n «v» ]] && «c»",
    "[ «q» = a -o -n «q» ] && «c»",
    "[ ! «q» ] || «c»",
    "test «q» != b && test 3 -gt $((«e»)) && «c»",
    // Loops.
    "for i in 1 2 3; do for j in a b; do [[ $i$j == 2a ]] && continue 2; [[ $i == 3 ]] && break 2; «p» $i$j; done; done",
    "for ((i = 0, j = 3; i < j; i++, j--)); do «p» $i $j; done",
    "for «s» in \"${«a»[@]}\" «w»; do «p» \"$«s»\"; done",
    "until [[ ${#«s»} -ge 3 ]]; do «s»+=a; done; «p» \"$«s»\"",
    "i=0; while :; do ((++i > 2)) && break; «p» $i; done",
    "for «s» in «w» «w»; do case $«s» in -*) continue ;; esac; «p» \"$«s»\"; done",
    "for «s» in {a..c}{1,2}; do «p» $«s»; done | cat",
    "shopt -s lastpipe; printf '%s\\n' «w» b | while read -r «s»; do :; done; «p» \"$«s»\"",
    // Arithmetic that sets something.
    "i=1; «a»=(p q r s); «p» \"${«a»[i++]}\" \"${«a»[i++]}\" $i",
    "i=0; x=abcdef; «p» \"${x:i++:2}\" \"${x:i+=1:1}\" $i",
    "i=0; «a»[i++]=«v»; «a»[i++]=b; «p» \"${«a»[@]}\" $i",
    "«i»=$((«e»)); «p» $((«i» += 2, «i» * 2)) $«i»",
    "i=3; [[ i-- -gt 2 ]] && «p» $i; ((i > 5 || (j = 4))); «p» \"$j\"",
    "let 'i = 2' 'j = i * 3'; «p» $i $j $((i ? j : 0))",
    "«p» $((16#ff + 010 + 2#11)) $((7 / 2 * -1)) $((-7 % 3)) $((1 << 3 | 1))",
    "declare -i n=3; n+=4; n=n*2; «p» $n; declare +i n",
    "x=5; x+=1; «p» $x $((x++ + ++x)) $x",
    // Transformations.
    "«s»=«v»; «p» \"${«s»@Q}\" \"${«s»@U}\" \"${«s»@u}\" \"${«s»@L}\"",
    "«s»=«v»; eval \"other=${«s»@Q}\"; «p» \"$other\"",
    "«s»=«v»; «p» \"${«s»@A}\" \"${«s»@a}\"",
    "«a»=(«w» b); «p» \"${«a»[@]@Q}\"; eval \"copy=(${«a»[*]@Q})\"; «p» \"${copy[@]}\"",
    "x='$HOME'; «p» \"${x@P}\"",
    "x='a\\tb'; «p» \"${x@E}\"",
    "declare -A m=([k]=«v»); «p» \"${m[@]@Q}\" \"${!m[@]}\" \"${m[@]@K}\"",
    "«s»=«v»; eval \"$(declare -p «s»)\"; «p» \"$«s»\"",
    // Separators.
    "«a»=(«w» b c); IFS=,; «p» \"${«a»[*]}\" ${«a»[*]}; unset IFS",
    "IFS=:; set -- $x «w»; «p» \"$*\" $#; IFS=$' \\t\\n'",
    "x=a:b::c; IFS=: eval 'set -- $x'; «p» \"$@\"",
    "IFS=- read -ra «a» <<< x-y-«v»; «p» \"${«a»[@]}\"",
    "x=1,2,3; «a»=(${x//,/ }); «p» \"${«a»[@]}\" \"${«a»[-1]}\"",
    "x=' lead  trail '; «p» $x \"$x\"; IFS=; «p» $x; unset IFS",
    // Arrays.
    "«a»=(«w» «w» c); «a»=(\"${«a»[@]:1}\"); «p» \"${«a»[@]}\"",
    "«a»=(a b c); unset '«a»[1]'; «p» \"${!«a»[@]}\" \"${«a»[@]}\" ${#«a»[@]}; «a»+=(«w»); «p» \"${«a»[@]}\"",
    "«a»=([3]=«v» x [1]=y); «p» \"${«a»[@]}\" \"${!«a»[@]}\"",
    "«a»=(b a); copy=(\"${«a»[@]}\" «w»); copy[0]+=«v»; «p» \"${copy[@]}\" \"${«a»[0]}\"",
    "declare -A m=([a]=1 [b]=«v»); for k in \"${!m[@]}\"; do «p» \"$k\" \"${m[$k]}\"; done",
    "declare -A m; m[«x»]=«v»; m[$x]=b; unset 'm[a]'; «p» \"${m[@]}\"",
    "«a»=(*.txt); «p» \"${«a»[0]}\" \"${#«a»[@]}\" \"${«a»[@]%.txt}\"",
    "«a»=(«w»); [[ -v «a»[0] ]] && «p» set; [[ -v «a»[9] ]] || «p» unset",
    "«a»=(one two three); «p» \"${«a»[@]/o/0}\" \"${«a»[@]#t}\" \"${«a»[*]^}\" \"${«a»[@]: -2:1}\"",
    // What the shell says of itself.
    "false | true | false; «p» \"${PIPESTATUS[@]}\" $?",
    "true | (exit 3); «p» ${PIPESTATUS[1]} \"${#PIPESTATUS[@]}\"",
    "set -o pipefail; false | true || «p» failed; set +o pipefail",
    "«c»; «p» \"$?\" \"$#\" \"${-//[a-zA-Z]/}\"",
    "cd sub; «p» \"$OLDPWD\" \"${PWD##*/}\"; cd \"$OLDPWD\"; «p» ~- \"${PWD##*/}\"",
    "pushd sub > out; pushd deep > out; «p» \"${DIRSTACK[@]##*/}\" \"${PWD##*/}\"; popd > out; popd > out; «p» \"${PWD##*/}\"",
    "(cd sub && «p» \"${PWD##*/}\" *); «p» \"${PWD##*/}\"",
    "«c» & wait $!; «p» $?",
    "trap '«p» \"$x\" bye' EXIT; x=«v»",
    "trap '«p» error' ERR; false; trap - ERR",
    "coproc { read -r l; «p» \"$l\"; }; echo «w» >&\"${COPROC[1]}\"; wait",
    "exec {fd}< list; read -r «s» <&$fd; exec {fd}<&-; «p» \"$«s»\"",
    "set -u; «p» ${nothing-«w»} ${x?no}; set +u",
    "(set -e; «c»; false; «p» never); «p» after",
    "set -- -x «w» -y; while (($#)); do case $1 in -*) «p» flag $1 ;; *) «p» word \"$1\" ;; esac; shift; done",
    "OPTIND=1; set -- -v -f«v» rest; while getopts :vf: o; do case $o in v) «p» v ;; f) «p» \"$OPTARG\" ;; \\?) «p» bad ;; esac; done; «p» $OPTIND",
    // Text that runs.
    "cmd=(«p» «w»); cmd+=(«q»); \"${cmd[@]}\"",
    "printf -v cmd '%q ' «p» «w» «w»; eval \"$cmd\"",
    "eval \"${x:+«p»} set\" «w»",
    "eval «s»=\\$x; «p» \"$«s»\"",
    "bash -c \"$(printf '%s %q' «p» «w»)\"",
    "bash -c '«p» \"$0\" \"$@\"' «w» «w»",
    "echo «t» | bash -s «w»",
    "sh -c '«p» \"$1\"' _ «w»; env -i PATH=\"$PATH\" «p» «w»",
    "x=«v» bash -c '«p» \"$x\"'; export x; bash -c '«p» \"$x\"'",
    "«s»=$(echo «w» | base64 | base64 -d); «p» \"$«s»\"",
    "$(echo «p») «w»; `echo «p»` «w»",
    "«p» $(grep -o '[a-z]*' <<< «v»); «p» \"$(sed -E 's/(.)(.*)/\\2\\1/' <<< «v»)\"",
    "«p» \"$(sed 's/[aeiou]\\+/<&>/g' a.txt)\" \"$(grep -c a a.txt)\" \"$(grep -v b a.txt)\"",
    "until read -r «s» < a.txt; do «c»; done; «p» \"$«s»\"",
];

impl Generator {
    /// An idiom with its open places filled.
    pub(super) fn template(&mut self) -> Tree {
        let template = self.random.pick(TEMPLATES);
        let unique = self.fresh("u");
        let (scalar, array, number) = (
            self.assign_scalar(),
            self.assign_array(),
            self.assign_number(),
        );
        let program = self.program();
        let mut command = Vec::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('«') {
            let (kind, tail) = after.split_once('»').expect("a place is closed");
            rest = tail;
            command.push(before.into());
            command.push(match kind {
                "w" => self.word(),
                "v" => self.value(),
                "q" => self.double_quoted(),
                "x" => self.any_of(|this| &this.scalars).unwrap_or_default().into(),
                "s" => scalar.clone().into(),
                "a" => array.clone().into(),
                "i" => number.clone().into(),
                "e" => self.expression(1),
                "p" => program.clone(),
                "c" => self.call(),
                "l" => self.list(),
                "t" => Tree::Quoted(Box::new(self.apart(Self::call))),
                "u" => unique.clone().into(),
                other => panic!("«{other}» in {template}"),
            });
        }
        command.push(rest.into());
        Tree::Command(parts![Tree::List(vec![Tree::Command(command)])])
    }
}
