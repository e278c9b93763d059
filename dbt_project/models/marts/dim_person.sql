with qualifications as (

    select
        held.tenant_id,
        held.person_id,
        held.status = 'revoked'
        or held.status = 'expired'
        or coalesce(held.expires_on < tenants.as_of_at::date, false) as is_over
    from {{ ref('stg_ops__qualification') }} as held
    inner join {{ ref('int_tenant') }} as tenants on held.tenant_id = tenants.tenant_id

),

counted as (

    select
        tenant_id,
        person_id,
        count(*) filter (where is_over is not true)::integer as valid_qualification_count,
        count(*) filter (where is_over)::integer as expired_qualification_count
    from qualifications
    group by tenant_id, person_id

)

select
    people.tenant_id,
    people.person_id,
    people.employee_no,
    people.initials,
    people.role,
    people.hired_on,
    people.left_on,
    people.supervisor_id,
    people.home_site_id,
    people.status,
    coalesce(people.status, 'active') = 'active'
    and coalesce(people.left_on >= tenants.as_of_at::date, true) as is_active,
    coalesce(counted.valid_qualification_count, 0) as valid_qualification_count,
    coalesce(counted.expired_qualification_count, 0) as expired_qualification_count
from {{ ref('stg_ops__person') }} as people
inner join {{ ref('int_tenant') }} as tenants on people.tenant_id = tenants.tenant_id
left join counted on people.tenant_id = counted.tenant_id and people.person_id = counted.person_id
