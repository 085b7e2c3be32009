#!/bin/sh
# tribunal hook shim 3: written by `tribunal hooks install`, removed by `tribunal hooks uninstall`.
# It hands the hook to tribunal, which also runs the hook that stood here before, kept beside this
# file as NAME.before-tribunal. Edits are lost at the next install.
bin=@BIN@
hook=@HOOK@
kept=$0.before-tribunal
case $0 in
/*) here=${0%/*} ;;
*/*) here=$PWD/${0%/*} ;;
*) here=$PWD ;;
esac
if [ "${0##*/}" != "$hook" ]; then
    # Another program keeps this file under a name of its own and runs it. The hook that stood here
    # before still runs, unless it is that very program, or it is what runs this file.
    [ -x "$kept" ] || kept=$here/$hook.before-tribunal
    if [ "$TRIBUNAL_KEPT" = "$here/$hook" ] || cmp -s "$here/$hook" "$kept" 2>/dev/null; then
        kept=
    fi
fi
if [ -x "$kept" ]; then
    TRIBUNAL_KEPT=$here/$hook
    export TRIBUNAL_KEPT
elif [ "$hook" = post-commit ]; then
    # The hook before the commit ran and said what there is to say.
    line=
    [ -x "$here/pre-commit" ] && { read -r line && read -r line; } 2>/dev/null <"$here/pre-commit"
    case $line in "# tribunal hook shim "*) exit 0 ;; esac
fi

[ -x "$bin" ] || bin=$(command -v tribunal) || bin=
if [ -n "$bin" ]; then
    [ -x "$kept" ] && exec "$bin" hook "$hook" --kept "$kept" "$@"
    exec "$bin" hook "$hook" "$@"
fi

# From here on the program is missing: open where it helps, closed where it guards.

# A word for a shell, whatever is in it.
word() {
    printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

# Everything that takes the hooks of tribunal away, and gives back those that stood there before.
removal() {
    files='' more=''
    for file in "$here"/*; do
        line=
        { read -r line && read -r line; } 2>/dev/null <"$file"
        case $line in "# tribunal hook shim "*) ;; *) continue ;; esac
        case $here in
        */tribunal/hooks) more="$more && git config --remove-section hook.tribunal-${file##*/}" ;;
        *)
            if [ -e "$file.before-tribunal" ]; then
                more="$more && mv $(word "$file.before-tribunal") $(word "$file")"
            else
                files="$files $(word "$file")"
            fi
            ;;
        esac
    done
    [ -z "$files" ] || more=" && rm$files$more"
    printf '%s' "${more# && }"
}

hint() {
    echo "hint: install tribunal again, so that it is in \`PATH\`; or take its hooks away: \`$(removal)\`" >&2
}

refuse() {
    echo "tribunal: REFUSED, $1: tribunal is not installed any more" >&2
    hint
    exit 1
}

case $hook in
pre-receive)
    refuse 'pushes to this repository are checked'
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
    echo "tribunal: WARNING: it is not installed any more, so this push was NOT checked" >&2
    hint
    [ -x "$kept" ] || exit 0
    [ -n "$lines" ] || exec "$kept" "$@" </dev/null
    printf '%s\n' "$lines" | "$kept" "$@"
    exit
    ;;
pre-commit | pre-merge-commit)
    echo "tribunal: WARNING: it is not installed any more, so this commit was NOT checked" >&2
    hint
    ;;
esac
[ -x "$kept" ] && exec "$kept" "$@"
exit 0
