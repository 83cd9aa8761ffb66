# SPDX-License-Identifier: EUPL-1.2
# Makes the manual page welcomed.conf(5) of what `welcomed config` prints.
BEGIN {
    FS = " \\| "
    print ".\\\" Made of the output of welcomed config."
    print ".Dd November 28, 2026\n.Dt WELCOMED.CONF 5\n.Os\n.Sh NAME\n.Nm welcomed.conf\n.Nd configuration of the portal for newcomers"
    print ".Sh DESCRIPTION"
}
function plain(text) {
    gsub(/`/, "", text)
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    sub(/^[.']/, "\\\\\\&&", text)
    return text
}
/^Each key is taken/ {
    gsub(/\. /, ".\n")
    print plain($0) "\n.Pp\nThe keys are:\n.Bl -tag -width Ds"
}
/^\| `WELCOME_/ {
    sub(/^\| /, "")
    sub(/ \|$/, "")
    print ".It Ev " plain($1)
    text = plain($4)
    gsub(/\. /, ".\n", text)
    print text
    print ".br"
    print "Value: " plain($2) "; default: " plain($3) "."
}
END { print ".El\n.Sh SEE ALSO\n.Xr welcomed 8" }
