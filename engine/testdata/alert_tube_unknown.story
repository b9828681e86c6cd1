# A parked positive, whose tube has no members, is an alert at once; it goes when they come.
# Proves: alert/tube_unknown
result T100 positive tested 12:00 reported 13:00
flag tube_unknown
alert tube_unknown T100
late scan T100 ada 08:01
no alert T100
ada held because T100
