import { installDispatchers } from '../../scheduler/world/controls.ts';

/** Loaded before any module of the user's: what those capture (`const { setTimeout } = globalThis`) is controlled. */
installDispatchers();
