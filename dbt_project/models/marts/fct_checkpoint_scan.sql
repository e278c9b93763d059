select
    scans.tenant_id,
    scans.scan_id,
    scans.site_id,
    scans.run_id,
    scans.checkpoint_id,
    scans.checkpoint_code,
    scans.person_id,
    scans.device_id,
    {{ local_date('scans.scanned_at') }} as local_date,
    scans.scanned_at,
    scans.received_at,
    extract(epoch from scans.received_at - scans.scanned_at)::double precision as delay_s,
    scans.verdict,
    scans.is_accepted,
    coalesce(scans.is_offline, false) as is_offline,
    scans.lat,
    scans.lon,
    scans.accuracy_m,
    scans.distance_m
from {{ ref('int_checkpoint_scan') }} as scans
inner join {{ ref('int_tenant') }} as tenants on scans.tenant_id = tenants.tenant_id
left join {{ ref('int_site') }} as sites
    on scans.tenant_id = sites.tenant_id and scans.site_id = sites.site_id
