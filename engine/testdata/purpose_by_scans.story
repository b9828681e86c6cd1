# Without one: recheck only where all scans say so, recollection where each says recollection or recheck, else screening.
# Proves: tube/purpose-by-scans
any order
late scan T100 ada 08:01 single recheck
late scan T200 ben 08:01 recheck
late scan T200 cem 08:02 recollection
late scan T300 dan 08:01 recheck
late scan T300 eva 08:02
tube T100 for recheck
tube T200 for recollection
tube T300 for screening
