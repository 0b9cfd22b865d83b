#compdef pgrunbook
# Completion of pgrunbook for zsh: save as _pgrunbook in a directory of $fpath, or
#   source <(pgrunbook completion zsh)
_pgrunbook()
{
    local cur=${words[CURRENT]} prev=${words[CURRENT-1]}
    local section='' verb='' list='' word before=''

    for word in ${words[2,CURRENT-1]}; do
        case $before in
            @VALUED@) before=''; continue ;;
        esac
        before=$word
        case $word in
            -*) ;;
            *) if [[ -z $section ]]; then section=$word; elif [[ -z $verb ]]; then verb=$word
               else case "$section $verb" in @HALVES@) verb="$verb $word" ;; esac; fi ;;
        esac
    done

    if [[ $cur == --*=* ]]; then
        prev=${cur%%=*}
        compset -P '*='
    fi
    case $prev in
@CHOICES@
        @FILES@) _files; return ;;
        @VALUED@) [[ -z $list ]] && return ;;
    esac
    if [[ -z $list ]]; then
        case $cur in
            -*) case "$section $verb" in
@OPTIONS@
                esac ;;
            *) case "$section $verb" in
                ' ') list='@SECTIONS@' ;;
                @FILE_COMMANDS@) _files; return ;;
@VERBS@
                esac ;;
        esac
    fi
    compadd -- ${=list}
}
# Loaded from $fpath this file is itself the function's first call.
if [[ ${funcstack[1]} == _pgrunbook ]]; then
    _pgrunbook
else
    compdef _pgrunbook pgrunbook
fi
