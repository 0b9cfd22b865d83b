# Completion of pgrunbook for bash:
#   source <(pgrunbook completion bash)
_pgrunbook()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local section='' verb='' list='' word before=''

    # bash splits --option=value at the sign.
    [[ $cur == = ]] && cur=''
    [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $before in
            @VALUED@) before=$word; [[ $word == = ]] && before='--='; continue ;;
            --=) before=''; continue ;;
        esac
        before=$word
        case $word in
            -* | =) ;;
            *) if [[ -z $section ]]; then section=$word; elif [[ -z $verb ]]; then verb=$word
               else case "$section $verb" in @HALVES@) verb="$verb $word" ;; esac; fi ;;
        esac
    done

    COMPREPLY=()
    case $prev in
@CHOICES@
        @FILES@) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
        @VALUED@) [[ -z $list ]] && return ;;
    esac
    if [[ -z $list ]]; then
        case $cur in
            -*) case "$section $verb" in
@OPTIONS@
                esac ;;
            *) case "$section $verb" in
                ' ') list='@SECTIONS@' ;;
                @FILE_COMMANDS@) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
@VERBS@
                esac ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$list" -- "$cur"))
}
complete -F _pgrunbook pgrunbook
