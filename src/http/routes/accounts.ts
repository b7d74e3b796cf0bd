/** Organisations and projects. */
import { AppError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import { checkTimezone } from '../../billing/index.ts';
import {
  CreateOrganisation,
  CreateProject,
  IdParams,
  OrganisationView,
  PageQuery,
  ProjectQuery,
  ProjectView,
  pageOf,
  UpdateOrganisation,
  UpdateProject,
} from '../../contract/control/index.ts';
import type { Organisation, Project } from '../../contract/records.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { paged } from './paging.ts';
import { defined, iso, notFound } from './wire.ts';

const TAG = 'Accounts';

export function accountRoutes(routes: Routes, services: Services): void {
  organisationRoutes(routes, services);
  projectRoutes(routes, services);
}

function organisationRoutes(routes: Routes, services: Services): void {
  const { store, clock } = services;
  const path = '/admin/v1/organisations';

  routes.admin(
    {
      method: 'get',
      path,
      tag: TAG,
      summary: 'List organisations',
      query: PageQuery,
      response: pageOf(OrganisationView),
    },
    async ({ query }) => {
      const page = paged(await store.organisations.list(), query, (row) => row.id);
      return { ...page, data: page.data.map(organisationView) };
    },
  );

  routes.admin(
    {
      method: 'get',
      path: `${path}/{id}`,
      tag: TAG,
      summary: 'Read an organisation',
      params: IdParams,
      response: OrganisationView,
    },
    async ({ params }) => {
      const row = await store.organisations.get(params.id);
      if (!row) throw notFound('organisation', params.id);
      return organisationView(row);
    },
  );

  routes.admin(
    {
      method: 'post',
      path,
      tag: TAG,
      summary: 'Make an organisation',
      body: CreateOrganisation,
      status: 201,
      response: OrganisationView,
      errors: ['conflict'],
    },
    async ({ body, audit }) => {
      checkTimezone(body.timezone);
      const row: Organisation = {
        id: newId('org', clock.now()),
        name: body.name,
        timezone: body.timezone,
        capture: body.capture,
        tagKeys: body.tag_keys,
        createdAt_ms: clock.now(),
      };
      await store.organisations.create(row, audit('organisation.create', row.id, body, row.id));
      await services.refresh();
      return organisationView(row);
    },
  );

  routes.admin(
    {
      method: 'patch',
      path: `${path}/{id}`,
      tag: TAG,
      summary: 'Change an organisation',
      params: IdParams,
      body: UpdateOrganisation,
      response: OrganisationView,
      errors: ['managed_by_file'],
    },
    async ({ params, body, audit }) => {
      if (body.timezone !== undefined) checkTimezone(body.timezone);
      if (params.id === 'default') refuseFileFields(services, body);
      const { tag_keys, ...rest } = body;
      const row = await store.organisations.update(
        params.id,
        { ...rest, tagKeys: tag_keys },
        audit('organisation.update', params.id, body, params.id),
      );
      if (!row) throw notFound('organisation', params.id);
      await services.refresh();
      return organisationView(row);
    },
  );
}

/** What tokenworks.yaml says of the default organisation would be put back at the next start. */
function refuseFileFields(services: Services, body: Record<string, unknown>): void {
  const owned: Record<string, unknown> = services.config.organisation;
  const field = Object.keys(body).find((name) => body[name] !== undefined && owned[name] !== undefined);
  if (field)
    throw new AppError('managed_by_file', `organisation.${field} is set in tokenworks.yaml; change it there.`, {
      param: field,
    });
}

function projectRoutes(routes: Routes, services: Services): void {
  const { store, clock } = services;
  const path = '/admin/v1/projects';

  routes.admin(
    { method: 'get', path, tag: TAG, summary: 'List projects', query: ProjectQuery, response: pageOf(ProjectView) },
    async ({ query }) => {
      const page = paged(await store.projects.list({ organisation: query.organisation }), query, (row) => row.id);
      return { ...page, data: page.data.map(projectView) };
    },
  );

  routes.admin(
    {
      method: 'get',
      path: `${path}/{id}`,
      tag: TAG,
      summary: 'Read a project',
      params: IdParams,
      response: ProjectView,
    },
    async ({ params }) => {
      const row = await store.projects.get(params.id);
      if (!row) throw notFound('project', params.id);
      return projectView(row);
    },
  );

  routes.admin(
    {
      method: 'post',
      path,
      tag: TAG,
      summary: 'Make a project',
      body: CreateProject,
      status: 201,
      response: ProjectView,
      errors: ['conflict', 'not_found'],
    },
    async ({ body, audit }) => {
      if (!(await store.organisations.get(body.organisation))) throw notFound('organisation', body.organisation);
      const taken = (await store.projects.list({ organisation: body.organisation })).some(
        (row) => row.name === body.name,
      );
      if (taken)
        throw new AppError('conflict', `The organisation has a project "${body.name}" already.`, { param: 'name' });
      const row: Project = {
        id: newId('proj', clock.now()),
        organisation: body.organisation,
        name: body.name,
        capture: body.capture,
        createdAt_ms: clock.now(),
      };
      await store.projects.create(row, audit('project.create', row.id, body, row.organisation));
      await services.refresh();
      return projectView(row);
    },
  );

  routes.admin(
    {
      method: 'patch',
      path: `${path}/{id}`,
      tag: TAG,
      summary: 'Change a project',
      params: IdParams,
      body: UpdateProject,
      response: ProjectView,
    },
    async ({ params, body, audit }) => {
      const before = await store.projects.get(params.id);
      if (!before) throw notFound('project', params.id);
      const row = await store.projects.update(
        params.id,
        body,
        audit('project.update', params.id, body, before.organisation),
      );
      if (!row) throw notFound('project', params.id);
      await services.refresh();
      return projectView(row);
    },
  );
}

/** The project that a caller names by its id or, where that is clear, by its name. Throws AppError `not_found` or `conflict`. */
export async function findProject(services: Pick<Services, 'store'>, given: string): Promise<Project> {
  const byId = await services.store.projects.get(given);
  if (byId) return byId;
  const named = (await services.store.projects.list()).filter((row) => row.name === given);
  if (named.length > 1)
    throw new AppError('conflict', `Several projects are named "${given}"; give the id.`, { param: 'project' });
  if (!named[0]) throw notFound('project', given);
  return named[0];
}

function organisationView(row: Organisation): OrganisationView {
  return {
    id: row.id,
    name: row.name,
    timezone: row.timezone,
    capture: row.capture,
    tag_keys: row.tagKeys,
    created_at: iso(row.createdAt_ms),
  };
}

function projectView(row: Project): ProjectView {
  return defined({
    id: row.id,
    organisation: row.organisation,
    name: row.name,
    capture: row.capture,
    created_at: iso(row.createdAt_ms),
  });
}
