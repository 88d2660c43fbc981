import tseslint from 'typescript-eslint';

const upwards = (patterns) => [
  'error',
  { patterns: [{ group: patterns, message: 'imports run src → properties → scheduler' }] },
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'test/fixtures/'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
    },
  },
  { files: ['scheduler/**/*.ts'], rules: { 'no-restricted-imports': upwards(['**/properties/**', '**/src/**']) } },
  { files: ['properties/**/*.ts'], rules: { 'no-restricted-imports': upwards(['**/src/**']) } },
  { files: ['*.config.ts'], rules: { 'no-restricted-exports': 'off' } },
);
