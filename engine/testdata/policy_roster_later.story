# Later changes of the roster never change a status: a scan's mode stays what policy gave it.
# Proves: policy/roster-later
round R1 groups medical
late scan T100 ada 08:01
tube T100 pool
roster ada groups medical
tube T100 pool
late scan T200 ada 08:02
tube T200 single
