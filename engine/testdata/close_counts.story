# tube.close counts the swabs; a count that differs from the scans is flagged.
# Proves: flag/count-mismatch
scan T100 ada 08:01
close T100 08:10 members 2
accepted
flag count_mismatch
scan T200 ben 08:01
close T200 08:10 members 1
no flags
