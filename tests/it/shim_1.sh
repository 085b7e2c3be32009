#!/bin/sh
# tribunal hook shim 1: written by `tribunal hooks install`, taken away by `tribunal hooks uninstall`.
# It hands the hook to tribunal, which also runs the hook that stood here before, kept beside this
# file as NAME.before-tribunal. Edits are lost at the next install.
bin=@BIN@
hook=${0##*/}
kept=$0.before-tribunal

[ -x "$bin" ] || bin=$(command -v tribunal) || bin=
if [ -n "$bin" ]; then
    [ -x "$kept" ] && exec "$bin" hook "$hook" --kept "$kept" "$@"
    exec "$bin" hook "$hook" "$@"
fi

# From here on the program is missing: open where it helps, closed where it guards.
refuse() {
    echo "tribunal: REFUSED, $1: the program is missing, so nothing was judged" >&2
    echo "hint: install tribunal again, then run \`tribunal hooks install\`" >&2
    exit 1
}

case $hook in
pre-receive)
    refuse 'pushes to this repository are judged'
    ;;
pre-push)
    lines=$(cat)
    default=$(git symbolic-ref -q "refs/remotes/$1/HEAD")
    default=${default#"refs/remotes/$1/"}
    while IFS= read -r line; do
        ref=${line% *}
        case ${ref##* } in
        refs/heads/main | refs/heads/master | "refs/heads/$default" | HEAD)
            refuse "a push to \`${ref##* }\`"
            ;;
        esac
    done <<LINES
$lines
LINES
    echo "tribunal: WARNING: the program is missing, so this push was NOT judged" >&2
    [ -x "$kept" ] || exit 0
    [ -n "$lines" ] || exec "$kept" "$@" </dev/null
    printf '%s\n' "$lines" | "$kept" "$@"
    exit
    ;;
pre-commit | pre-merge-commit)
    echo "tribunal: WARNING: the program is missing, so this commit was NOT judged" >&2
    ;;
esac
[ -x "$kept" ] && exec "$kept" "$@"
exit 0
