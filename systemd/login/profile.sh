# The unit's name and role stand before each prompt of bash and sh. A shell that bash starts (su, tmux)
# has it too, since the command is exported; `sudo -s` clears it: use `sudo -i`.
case $- in
*i*)
    if [ -r /usr/lib/denban/prompt.sh ]; then
        if [ -n "${BASH_VERSION:-}" ]; then
            case ${PROMPT_COMMAND-} in
            *denban/prompt.sh*) ;;
            *)
                PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND
}[ ! -r /usr/lib/denban/prompt.sh ] || . /usr/lib/denban/prompt.sh"
                export PROMPT_COMMAND
                ;;
            esac
        elif [ -z "${ZSH_VERSION:-}" ]; then
            # shellcheck disable=SC2016  # expanded by the shell at each prompt
            PS1='$(. /usr/lib/denban/prompt.sh; printf "%s" "$DENBAN_MARK") '"${PS1:-\$ }"
        fi
    fi
    ;;
esac
