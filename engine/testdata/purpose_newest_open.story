# A tube's purpose is the newest tube.open's, whatever the scans say.
# Proves: tube/purpose-newest-open
any order
open T100 08:00 single screening
open T100 08:10 single recheck
late scan T100 ada 08:20 screening
tube T100 for recheck
