# A live scan of a person bound to another open tube is refused; a late one is taken and flagged.
# Proves: refusal/person_in_other_tube
scan T100 ada 08:01
scan T200 ada 08:02
refused person_in_other_tube
late scan T200 ada 08:02
accepted
flag in_other_tube
close T100 08:10
close T200 08:10
scan T300 ada 08:20
accepted
no flags
