# Sets DENBAN_MARK ("EG-KITA ■ ACTIVE") and DENBAN_TITLE for a shell's prompt. Read by bash before each
# prompt and by sh within it: nothing is started, nothing is waited for.
# The service renews the line each second; one that is older than this many seconds says nothing.
_denban_prompt() {
    local age_s_max format stamp unit mark ascii now rest
    age_s_max=10
    format='' stamp='' unit='' mark='' ascii='' now='' rest=''
    { IFS='|' read -r format stamp unit mark ascii rest <"${DENBAN_LOGIN_FOLDER:-/run/denban-login}/identity"; } 2>/dev/null || :
    { IFS=' .' read -r now rest </proc/uptime; } 2>/dev/null || :
    case $stamp$now in '' | *[!0-9]*) format='' ;; esac
    if [ "$format" != 1 ] || [ -z "$stamp" ] || [ -z "$now" ]; then
        unit='' mark='? UNKNOWN'
    elif [ $((now - stamp)) -gt "$age_s_max" ] || [ "$stamp" -gt $((now + 1)) ]; then
        mark='? UNKNOWN'
    else
        case ${TERM:-}/${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
        linux/* | dumb/*) mark=$ascii ;;
        *[Uu][Tt][Ff]8 | *[Uu][Tt][Ff]-8) ;;
        *) mark=$ascii ;;
        esac
    fi
    DENBAN_MARK="${unit:-no unit} $mark"
    DENBAN_TITLE=''
}
_denban_prompt
if [ -n "${BASH_VERSION:-}" ]; then
    case ${TERM:-} in
    xterm* | rxvt* | screen* | tmux* | foot* | alacritty* | putty*) DENBAN_TITLE=$'\033]0;'"$DENBAN_MARK"$'\007' ;;
    esac
    # A user's own files set PS1 after the system's; so it is looked at each time.
    case ${PS1-} in
    *'$DENBAN_MARK'*) ;;
    *) PS1='$DENBAN_MARK '"${PS1-}"'\[$DENBAN_TITLE\]' ;;
    esac
fi
