# Key groups are swabbed alone.
# Proves: policy/single_groups
round R1 groups medical,isolation
roster ada groups staff,medical
roster ben groups staff
scan T100 ada 08:01
tube T100 single
scan T100 ben 08:01
refused tube_full
late scan T200 ben 08:01 pool
accepted
no flags
scan T200 ada 08:03 pool
refused must_be_single
late scan T200 ada 08:03 pool
accepted
flag must_be_single
flag in_other_tube
