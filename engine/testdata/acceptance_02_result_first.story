# Acceptance 2: a result arrives before its scans: parked, then resolves everyone; parked ones are visible.
# Proves: acceptance/2
result T100 negative tested 12:00 reported 13:00
flag tube_unknown
alert tube_unknown T100
late scan T100 ada 08:01
late scan T100 ben 08:02
ada negative
ben negative
no alert T100
