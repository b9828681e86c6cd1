# The same event again is a duplicate and has no second effect.
# Proves: event/duplicate
open T100 08:00 single
open T100 08:00 single
duplicate
scan T100 ada 08:01
scan T100 ada 08:01
duplicate
no flags
close T100 08:20
close T100 08:20
duplicate
result T100 positive tested 12:00 reported 13:00
result T100 positive tested 12:30 reported 13:00
duplicate
scan T100 ada 08:01
duplicate
unscan T100 ada 14:00 by cdc
unscan T100 ada 14:00 by cdc
duplicate
ada unknown
scan T100 ada 08:01
duplicate
ada unknown
