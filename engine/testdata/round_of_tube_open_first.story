# A tube's round is its opening's before its scans', also when the opening comes last.
# Proves: round/tube-open-before-scans
any order
round R1 areas 99 recollect 2h
round R2 areas 99 recollect 1h
late scan T100 ada 08:01 round R1
late scan T100 ben 08:02
open T100 07:00 round R2
result T100 positive tested 12:00 reported 13:00
order ada due 15:00
order ben due 14:00
tube T100 round R2
