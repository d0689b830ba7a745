namespace Kilonova.NodeAgent.Identity;

/// <summary>Gets certificates for requests that this process has made the keys of.</summary>
internal interface ICertificateIssuer
{
    /// <summary>Asks for a certificate and waits for it.</summary>
    /// <param name="request">PKCS#10 as PEM text.</param>
    /// <param name="lifetime">Wanted validity.</param>
    /// <param name="asBootstrap">Ask as who the agent was before it had a certificate of its own.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The certificate, with its intermediates, as PEM text.</returns>
    /// <exception cref="CertificateRefusedException">It is not given.</exception>
    Task<string> IssueAsync(string request, TimeSpan lifetime, bool asBootstrap, CancellationToken cancel);
}

/// <summary>A certificate is not given, for this reason.</summary>
internal sealed class CertificateRefusedException(string message) : Exception(message);
