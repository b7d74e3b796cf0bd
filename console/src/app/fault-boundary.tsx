import { Component, type ReactNode } from 'react';
import { type WithTranslation, withTranslation } from 'react-i18next';

interface Props extends WithTranslation {
  children: ReactNode;
}

/** A fault of the page's own shows as such instead of as a blank page. */
class Boundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="mx-auto max-w-md px-6 py-24" role="alert">
        <p className="text-lg">{this.props.t('error.crashed')}</p>
        <button type="button" className="mt-4 underline underline-offset-4" onClick={() => location.reload()}>
          {this.props.t('error.reload')}
        </button>
      </main>
    );
  }
}

export const FaultBoundary = withTranslation()(Boundary);
